"""A call that kills the process it runs in is not given to one process after the other for ever."""

import time
from collections.abc import Callable
from uuid import UUID

MOST_DEATHS = 3
WITHIN_S = 30.0


class Deaths:
    """Counts, for each session, the processes that died under it lately."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._died_s: dict[UUID, dict[int, float]] = {}

    def note(self, session_id: UUID, epoch: int) -> bool:
        """True where another process may run it: fewer than `MOST_DEATHS` died within `WITHIN_S`.
        The same epoch dies once.
        """
        now_s = self._clock_s()
        for known, died_s in list(self._died_s.items()):
            lately = {epoch: at_s for epoch, at_s in died_s.items() if now_s - at_s < WITHIN_S}
            self._died_s[known] = lately
            if not lately:
                del self._died_s[known]
        died_s = self._died_s.setdefault(session_id, {})
        died_s.setdefault(epoch, now_s)
        return len(died_s) < MOST_DEATHS
