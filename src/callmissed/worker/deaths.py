"""A call that kills the process it runs in is not given to one process after the other for ever."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

MOST_DEATHS = 3
QUICK_S = 10.0
KILLED_FOR_S = 45.0
KEPT_S = 600.0

_FAULTS = frozenset(
    {
        signal.SIGSEGV,
        signal.SIGBUS,
        signal.SIGILL,
        signal.SIGFPE,
        signal.SIGABRT,
        signal.SIGSYS,
        signal.SIGTRAP,
    }
)


@dataclass(frozen=True, slots=True)
class Loss:
    """A run that has gone without an end. `is_crash`: its process ended by itself, stood still, or
    died of a fault of its own, so it may have been the call's doing; else somebody killed it.
    """

    epoch: int
    is_crash: bool = False


@dataclass(frozen=True, slots=True)
class _Death:
    at_s: float
    is_crash: bool


def is_crash(exit_code: int) -> bool:
    """`exit_code` is negative for the signal that ended it. Whoever has too little memory kills
    from outside.
    """
    return exit_code >= 0 or -exit_code in _FAULTS


class Deaths:
    """Counts, for each session, the runs in a row that died soon after they had begun."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._began_s: dict[UUID, tuple[int, float]] = {}
        self._quick: dict[UUID, dict[int, _Death]] = {}

    def note_begin(self, session_id: UUID, epoch: int) -> None:
        self._forget_old()
        self._began_s[session_id] = (epoch, self._clock_s())

    def note_death(self, session_id: UUID, loss: Loss) -> bool:
        """True where another process may run it. False where `MOST_DEATHS` runs in a row that lived
        for less than `QUICK_S` crashed; or so many died somehow, the first of them `KILLED_FOR_S`
        ago. The same epoch dies once.
        """
        begun_epoch, begun_s = self._began_s.get(session_id, (None, 0.0))
        now_s = self._clock_s()
        if begun_epoch == loss.epoch:
            if now_s - begun_s < QUICK_S:
                quick = self._quick.setdefault(session_id, {})
                quick.setdefault(loss.epoch, _Death(now_s, loss.is_crash))
            elif loss.epoch not in self._quick.get(session_id, ()):
                self._quick.pop(session_id, None)
        return not self._is_hopeless(session_id)

    def _is_hopeless(self, session_id: UUID) -> bool:
        deaths = list(self._quick.get(session_id, {}).values())
        if len(deaths) < MOST_DEATHS:
            return False
        crashes = sum(death.is_crash for death in deaths)
        return crashes >= MOST_DEATHS or self._clock_s() - deaths[0].at_s >= KILLED_FOR_S

    def _forget_old(self) -> None:
        """What began long ago ended somehow, or is no danger."""
        old_s = self._clock_s() - KEPT_S
        for session_id in [one for one, (_, at_s) in self._began_s.items() if at_s < old_s]:
            del self._began_s[session_id]
            self._quick.pop(session_id, None)
