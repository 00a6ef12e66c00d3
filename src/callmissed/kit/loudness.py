"""How loud sound is, in windows of 10 ms, and where it can be heard. Samples are signed 16 bit."""

import math

import numpy as np
from numpy.typing import NDArray

SPOKEN_DB = -50.0
"""Synthetic speech is louder than that wherever it is no pause."""
WINDOW_S = 0.01
SILENCE_DB = -96.0
FULL_SCALE = 32768.0
FAINTEST_SOUND_DB = -60.0
BACKGROUND_EVERY = 100
"""Windows after which the background is judged again."""
BURST = 200
AUDIBLE_PEAK = 200
"""A sample beyond this (−44 dB of full scale) can be heard."""


def window_levels_db(pcm: NDArray[np.int16], rate_hz: int) -> NDArray[np.float32]:
    """Root mean square of each whole 10 ms window, in dB of full scale; a rest at the end is left
    out."""
    window = int(rate_hz * WINDOW_S)
    samples = pcm[: len(pcm) // window * window].astype(np.float32)
    blocks = (samples[start : start + window] for start in range(0, len(samples), window))
    return np.array([_level_db(float(block @ block) / window) for block in blocks], np.float32)


def loud_windows(pcm: NDArray[np.int16], rate_hz: int) -> bytes:
    """1 for each whole 10 ms window of clean speech in which something is said, else 0."""
    window = int(rate_hz * WINDOW_S)
    blocks = pcm[: len(pcm) // window * window].reshape(-1, window).astype(np.float32)
    least = FULL_SCALE**2 * 10 ** (SPOKEN_DB / 10)
    return bytes((np.einsum("ij,ij->i", blocks, blocks) / window > least).astype(np.uint8))


def _level_db(power: float) -> float:
    """Frames hold two windows: for so few the arithmetic of arrays is slower than this."""
    return max(10.0 * math.log10(power / FULL_SCALE**2), SILENCE_DB) if power else SILENCE_DB


def level_of_quietest(levels_db: NDArray[np.float32], percent: int) -> float:
    """What so many percent of the levels, of which there is one at least, do not exceed.

    `np.percentile` would do; its first call in a process imports modules for 50 ms.
    """
    place = (len(levels_db) - 1) * percent // 100
    return float(np.partition(levels_db, place)[place])


def first_audible_sample(pcm: NDArray[np.int16]) -> int | None:
    """Index of the first sample that can be heard; None when there is none."""
    loud = np.abs(pcm.astype(np.int32)) > AUDIBLE_PEAK
    index = int(np.argmax(loud)) if len(loud) else 0
    return index if len(loud) and loud[index] else None


class LevelLog:
    """The levels of the last minute of a stream, with the instant at which each window ended.

    A window counts as sound when it lies within 35 dB of the loudest one asked about and clearly
    above the
    background; so one rule fits a clean recording and a noisy room.
    """

    RANGE_DB = 35.0
    ABOVE_BACKGROUND_DB = 8.0
    LEAST_RANGE_DB = 12.0

    def __init__(self, keep_s: float = 60.0) -> None:
        self._size = int(keep_s / WINDOW_S)
        self._ends_s = np.zeros(self._size, np.float64)
        self._levels_db = np.full(self._size, SILENCE_DB, np.float32)
        self._count = 0
        self._background_db = SILENCE_DB
        self._background_at = 0

    def add(self, levels_db: NDArray[np.float32], end_s: float) -> None:
        """`end_s` is the instant at which the last of these windows ended; the others end 10 ms
        apart."""
        for offset, level in enumerate(levels_db):
            slot = self._count % self._size
            self._ends_s[slot] = end_s - (len(levels_db) - 1 - offset) * WINDOW_S
            self._levels_db[slot] = level
            self._count += 1

    def last_sound_s(self, since_s: float, until_s: float) -> float | None:
        """When the last sounding window between two instants ended; None when nothing sounded."""
        ends_s, levels_db = self._between(since_s, until_s)
        sounding = np.flatnonzero(levels_db >= self._threshold_db(levels_db))
        return float(ends_s[sounding[-1]]) if len(sounding) else None

    def first_sound_s(self, near_s: float, until_s: float, gap_s: float = 0.15) -> float | None:
        """When the burst of sound around `near_s` began: back from there to the first gap."""
        ends_s, levels_db = self._between(near_s - 2.0, until_s)
        sounding = ends_s[levels_db >= self._threshold_db(levels_db)]
        if not len(sounding):
            return None
        earlier = sounding[sounding <= near_s]
        if not len(earlier):
            return float(sounding[0]) - WINDOW_S
        breaks = np.flatnonzero(np.diff(earlier) > gap_s)
        start = int(breaks[-1]) + 1 if len(breaks) else 0
        return float(earlier[start]) - WINDOW_S

    def _between(
        self, since_s: float, until_s: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        known = min(self._count, self._size)
        newest_s = float(self._ends_s[(self._count - 1) % self._size]) if known else since_s
        # Windows end 10 ms apart, or closer where frames came in a burst.
        span = min(known, int(max(0.0, newest_s - since_s) / WINDOW_S) * 2 + BURST)
        start = (self._count - span) % self._size
        order: slice | NDArray[np.int64] = slice(start, start + span)
        if start + span > self._size:
            order = np.arange(start, start + span) % self._size
        ends_s = self._ends_s[order]
        inside = (ends_s >= since_s) & (ends_s <= until_s + WINDOW_S / 2)
        return ends_s[inside], self._levels_db[order][inside]

    def _threshold_db(self, levels_db: NDArray[np.float32]) -> float:
        if not len(levels_db):
            return 0.0
        loudest = float(levels_db.max())
        threshold = max(loudest - self.RANGE_DB, self._background() + self.ABOVE_BACKGROUND_DB)
        return max(min(threshold, loudest - self.LEAST_RANGE_DB), FAINTEST_SOUND_DB)

    def _background(self) -> float:
        """The level that nine windows of ten exceed, at most a second old."""
        if self._count - self._background_at >= min(BACKGROUND_EVERY, self._background_at // 4 + 1):
            known = self._levels_db[: min(self._count, self._size)]
            self._background_db = level_of_quietest(known, 10)
            self._background_at = self._count
        return self._background_db
