"""A call that kills the process it runs in is not given to one process after the other for ever."""

import time
from collections.abc import Callable
from uuid import UUID

MOST_DEATHS = 3
QUICK_S = 10.0


class Deaths:
    """Counts, for each session, the runs in a row that died soon after they had begun."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._began_s: dict[UUID, tuple[int, float]] = {}
        self._quick: dict[UUID, set[int]] = {}

    def note_begin(self, session_id: UUID, epoch: int) -> None:
        self._began_s[session_id] = (epoch, self._clock_s())

    def note_death(self, session_id: UUID, epoch: int) -> bool:
        """True where another process may run it: fewer than `MOST_DEATHS` runs in a row lived for
        less than `QUICK_S`. The same epoch dies once.
        """
        begun = self._began_s.pop(session_id, None)
        if begun is not None and begun[0] == epoch:
            if self._clock_s() - begun[1] < QUICK_S:
                self._quick.setdefault(session_id, set()).add(epoch)
            else:
                self._quick.pop(session_id, None)
        return len(self._quick.get(session_id, ())) < MOST_DEATHS

    def forget_all_but(self, sessions: set[UUID]) -> None:
        """What is known of the others goes."""
        for session_id in {*self._began_s, *self._quick} - sessions:
            self._began_s.pop(session_id, None)
            self._quick.pop(session_id, None)
