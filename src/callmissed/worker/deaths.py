"""A call that kills the process it runs in is not given to one process after the other for ever."""

import time
from collections.abc import Callable
from uuid import UUID

MOST_DEATHS = 3
QUICK_S = 10.0
KEPT_S = 600.0


class Deaths:
    """Counts, for each session, the runs in a row that died soon after they had begun."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._began_s: dict[UUID, tuple[int, float]] = {}
        self._quick: dict[UUID, set[int]] = {}

    def note_begin(self, session_id: UUID, epoch: int) -> None:
        self._forget_old()
        self._began_s[session_id] = (epoch, self._clock_s())

    def note_death(self, session_id: UUID, epoch: int) -> bool:
        """True where another process may run it: fewer than `MOST_DEATHS` runs in a row lived for
        less than `QUICK_S`. The same epoch dies once.
        """
        begun_epoch, begun_s = self._began_s.get(session_id, (None, 0.0))
        if begun_epoch == epoch:
            if self._clock_s() - begun_s < QUICK_S:
                self._quick.setdefault(session_id, set()).add(epoch)
            elif epoch not in self._quick.get(session_id, ()):
                self._quick.pop(session_id, None)
        return len(self._quick.get(session_id, ())) < MOST_DEATHS

    def _forget_old(self) -> None:
        """What began long ago ended somehow, or is no danger."""
        old_s = self._clock_s() - KEPT_S
        for session_id in [one for one, (_, at_s) in self._began_s.items() if at_s < old_s]:
            del self._began_s[session_id]
            self._quick.pop(session_id, None)
