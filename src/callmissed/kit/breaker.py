"""A circuit breaker: after failures in a row it refuses for a while, then lets one attempt through."""

from collections.abc import Callable
from enum import StrEnum

MAX_FAILURES = 3
WINDOW_S = 30.0
OPEN_S = 10.0
CIRCUIT_OPEN = "circuit open"
"""Why somebody was not asked whose breaker is open."""


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Opens after `max_failures` failures within `window_s` with no success between them.

    While it is open, `allows()` is False. After `open_s` it says True once: that attempt's outcome
    closes it or opens it again; an attempt that never reports is replaced after another `open_s`.
    """

    def __init__(
        self,
        monotonic_s: Callable[[], float],
        *,
        max_failures: int = MAX_FAILURES,
        window_s: float = WINDOW_S,
        open_s: float = OPEN_S,
    ) -> None:
        self._monotonic_s = monotonic_s
        self._max_failures = max_failures
        self._window_s = window_s
        self._open_s = open_s
        self._failures: list[float] = []
        self._closed_to_s: float | None = None
        self._is_probing = False

    @property
    def state(self) -> BreakerState:
        if self._closed_to_s is None:
            return BreakerState.CLOSED
        return BreakerState.HALF_OPEN if self._is_probing else BreakerState.OPEN

    def allows(self) -> bool:
        """Whether an attempt may be made now; the caller tells its outcome."""
        if self._closed_to_s is None:
            return True
        now_s = self._monotonic_s()
        if now_s < self._closed_to_s:
            return False
        self._is_probing = True
        self._closed_to_s = now_s + self._open_s
        return True

    def succeeded(self) -> None:
        self._failures.clear()
        self._closed_to_s = None
        self._is_probing = False

    def failed(self) -> None:
        now_s = self._monotonic_s()
        self._failures = [at_s for at_s in self._failures if now_s - at_s < self._window_s]
        self._failures.append(now_s)
        if self._is_probing or len(self._failures) >= self._max_failures:
            self._closed_to_s = now_s + self._open_s
            self._is_probing = False
