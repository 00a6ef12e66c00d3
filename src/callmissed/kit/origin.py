"""Where the work under way comes from: the request that asked for it, known to all it calls."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """`address` is the sender's, without its port; both are None outside a request."""

    request_id: str | None = None
    address: str | None = None


_origin: ContextVar[Origin] = ContextVar("origin")
_NOWHERE = Origin()


def set_origin(origin: Origin) -> None:
    """Holds for the task that runs now and those it starts."""
    _origin.set(origin)


def current_origin() -> Origin:
    return _origin.get(_NOWHERE)
