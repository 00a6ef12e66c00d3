"""How a simulated provider fails: where, when and in which way.

A place is a dotted name, `sarvam.tts` or `openrouter.chat`; a fault at `sarvam` is one at every
place of it, a fault at `*` one everywhere. What counts as a use of a place is a request or a
socket's opening.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter

Kind = Literal[
    "refuse",  # connections are refused; for one use, or behind a shared port, reset at once
    "hang",  # accepts and never answers
    "stall",  # answers, then sends nothing more
    "fin",  # ends the connection without the format's own end
    "reset",  # the same with RST
    "close",  # a socket's clean close with `code`; a stream's end without its last message
    "rate_limit",  # 429, with Retry-After; on an open socket the vendor's error message
    "quota",  # 429 by which no waiting helps
    "server_error",  # `status`, 500 and over
    "malformed",  # a message that is no JSON
    "huge_line",  # a message of 10 MB
    "reasoning_only",  # thinks and never answers
    "empty",  # a whole answer with nothing in it
    "never_final",  # speech without finals, sound without a completion event, no `[DONE]`
    "error_inside",  # the vendor's error message in an answer that began well
]

Unit = Literal["messages", "bytes", "audio_ms"]

REFUSED: frozenset[Kind] = frozenset({"refuse", "hang", "rate_limit", "quota", "server_error"})
"""Kinds that take effect before the first byte of an answer, unless `after` is set."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way of failing at one place.

    It takes effect after `after` of `unit`, or after a random number up to `random_after` which
    `seed` and the use decide: messages and bytes that the simulator sent (a chat's messages are
    its tokens), or milliseconds of sound that it heard (STT) or sent (TTS). `uses` are the uses it
    strikes, counted from 1 since it was set; empty means all, with `probability`. `key` narrows it
    to requests with that key. `unchunked` ends a chat stream so that its end looks regular to a
    client that only watches the connection.
    """

    place: str
    kind: Kind
    after: int | None = None
    unit: Unit = "messages"
    random_after: int | None = None
    uses: tuple[int, ...] = ()
    probability: float = 1.0
    seed: int = 0
    key: str | None = None
    status: int = 500
    code: int = 1000
    retry_after_s: float | None = 1
    unchunked: bool = False


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that strikes one use, with the point at which it does."""

    fault: Fault
    at: int

    @property
    def kind(self) -> Kind:
        return self.fault.kind

    @property
    def is_at_start(self) -> bool:
        return self.at == 0 and self.fault.kind in REFUSED


@dataclass
class FaultBook:
    """The faults in force, and how often each place was used since each was set."""

    _faults: list[Fault] = field(default_factory=list)
    _uses: list[int] = field(default_factory=list)

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(self._faults)

    def set(self, faults: Iterable[Fault]) -> None:
        """These and no others from now on."""
        self._faults = list(faults)
        self._uses = [0] * len(self._faults)

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)
        self._uses.append(0)

    def use(self, place: str, key: str) -> Strike | None:
        """Counts a use of the place; returns the first fault that strikes it."""
        found: Strike | None = None
        for index, fault in enumerate(self._faults):
            if not covers(fault.place, place) or fault.key not in (None, key):
                continue
            self._uses[index] += 1
            if found is None:
                found = _strike(fault, self._uses[index])
        return found

    def refuses(self, server: str) -> bool:
        """Whether the whole server refuses connections now."""
        return any(
            fault.kind == "refuse"
            and fault.place in ("*", server)
            and not fault.uses
            and fault.key is None
            and fault.probability >= 1
            for fault in self._faults
        )


def covers(fault_place: str, place: str) -> bool:
    return fault_place in ("*", place) or place.startswith(fault_place + ".")


_FAULTS: TypeAdapter[list[Fault]] = TypeAdapter(list[Fault])


def faults_from(document: Any) -> list[Fault]:
    """Raises ValueError for a fault that does not exist."""
    return _FAULTS.validate_python(document, extra="forbid")


def faults_document(faults: Iterable[Fault]) -> Any:
    """The faults as JSON values."""
    return _FAULTS.dump_python(list(faults), mode="json")


def _strike(fault: Fault, use: int) -> Strike | None:
    dice = random.Random(f"{fault.seed}/{use}")  # noqa: S311
    if fault.uses and use not in fault.uses:
        return None
    if dice.random() >= fault.probability:
        return None
    if fault.random_after is not None:
        return Strike(fault, dice.randint(0, fault.random_after))
    return Strike(fault, fault.after or 0)
