"""How loud it is around the caller when nobody speaks, followed through the call."""

import numpy as np

from callmissed.kit.loudness import WINDOW_S

REMEMBERED = int(3.0 / WINDOW_S)
QUIETER_SHARE = 20
"""Percent of the windows remembered that are quieter: the pauses between anybody's words."""
QUIETER_AT_FIRST = 50
"""A short memory may hold more of the room's own pauses."""
JUDGED_EVERY = int(0.2 / WINDOW_S)
UNKNOWN = int(0.5 / WINDOW_S)
FAINTEST_DB = -70.0


class Background:
    """`level_db` (dB of full scale) is what the quietest windows of the last three seconds reach,
    never less than `FAINTEST_DB`: whoever speaks pauses, the room does not. In the call's first half
    second it is the loudest yet: nobody knows which that is.
    """

    def __init__(self) -> None:
        self._levels_db = np.full(REMEMBERED, FAINTEST_DB, np.float32)
        self._known = 0
        self._next_judged = UNKNOWN
        self.level_db = FAINTEST_DB

    def add(self, levels_db: list[float]) -> None:
        """Levels of windows of 10 ms, as they came."""
        for level_db in levels_db:
            self._levels_db[self._known % REMEMBERED] = level_db
            self._known += 1
        if self._known < UNKNOWN:
            self.level_db = max([self.level_db, *levels_db])
        elif self._known >= self._next_judged:
            self._next_judged = self._known + JUDGED_EVERY
            known_db = self._levels_db[: min(self._known, REMEMBERED)]
            doubt = 1.0 - len(known_db) / REMEMBERED
            share = QUIETER_SHARE + (QUIETER_AT_FIRST - QUIETER_SHARE) * doubt
            place = int(len(known_db) * share / 100)
            self.level_db = max(FAINTEST_DB, float(np.partition(known_db, place)[place]))
