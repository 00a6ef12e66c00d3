"""How loud it is around the caller when nobody speaks, followed through the call."""

import numpy as np
from numpy.typing import NDArray

from callmissed.kit.loudness import WINDOW_S

REMEMBERED_S = 3.0
QUIETER_SHARE = 20
"""Percent of the windows remembered that are quieter: the pauses between anybody's words."""
JUDGED_EVERY_S = 0.2
FAINTEST_DB = -70.0


class Background:
    """`level_db` (dB of full scale) is what the quietest windows of the last three seconds reach,
    never less than `FAINTEST_DB`: whoever speaks pauses, the room does not.
    """

    def __init__(self) -> None:
        self._levels_db = np.full(int(REMEMBERED_S / WINDOW_S), FAINTEST_DB, np.float32)
        self._known = 0
        self._place = 0
        self._next_judged = 1
        self.level_db = FAINTEST_DB

    def add(self, levels_db: NDArray[np.float32]) -> None:
        """Levels of windows of 10 ms, as they came."""
        size = len(self._levels_db)
        for level_db in levels_db:
            self._levels_db[self._place] = level_db
            self._place = (self._place + 1) % size
        self._known += len(levels_db)
        if self._known >= self._next_judged:
            self._next_judged = self._known + int(JUDGED_EVERY_S / WINDOW_S)
            quiet_db = np.percentile(self._levels_db[: min(self._known, size)], QUIETER_SHARE)
            self.level_db = max(FAINTEST_DB, float(quiet_db))
