"""What a socket is sent, and where in it somebody can have spoken."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from callmissed.kit.loudness import WINDOW_S, level_of_quietest, window_levels_db
from callmissed.kit.pcm import Resampler

Samples = NDArray[np.int16]

FRAME_S = 0.05
KEEP_S = 60.0
LEAST_SOUND_S = 0.06
FAINTEST_DB = -55.0
"""Below it nothing is speech; above `LOUD_DB` anything may be."""
LOUD_DB = -35.0
ABOVE_BACKGROUND_DB = 6.0
LOOK_BACK_S = 0.3
"""Servers tell of an end later than it was, and somebody may have begun again by then."""
BEGAN_WITHIN_S = 1.5
CLAIM_WITHIN_S = 5.0
BURST_S = 0.25
TRUST_BURST_S = 3.0


class SoundCutter:
    """Frames of any length and rate in, samples at `rate_hz` in pieces of 50 ms out."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._waiting = np.zeros(0, np.int16)
        self._resampler: Resampler | None = None

    def push(self, frame: rtc.AudioFrame) -> Iterator[Samples]:
        samples = np.frombuffer(frame.data, np.int16)
        if frame.sample_rate != self._rate_hz:
            self._resampler = self._resampler or Resampler(frame.sample_rate, self._rate_hz)
            samples = self._resampler.push(samples)
        waiting = np.concatenate([self._waiting, samples])
        size = int(self._rate_hz * FRAME_S)
        whole = len(waiting) - len(waiting) % size
        self._waiting = waiting[whole:]
        return iter(waiting[:whole].reshape(-1, size))

    def rest(self) -> Samples:
        """What does not fill a piece; may be empty."""
        rest, self._waiting = self._waiting, self._waiting[:0]
        return rest


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether words can have been spoken. `ends_s` is up to where in the sound nothing else was
    said, None where nobody knows.
    """

    is_granted: bool
    ends_s: float | None


class SoundLog:
    """The loudness of what was sent, to tell words that were spoken from words that a recogniser
    made up over silence.

    `begin` where the server hears an utterance begin, `mark` where one ends; `claim` when words
    arrive. While more sound was sent than time has passed (a replay after a reconnect, a network
    that catches up), arrival says nothing about the place in the sound, and every claim is granted.
    """

    def __init__(self, rate_hz: int, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._rate_hz = rate_hz
        self._monotonic_s = monotonic_s
        self._levels_db: deque[float] = deque(maxlen=int(KEEP_S / WINDOW_S))
        self._marks_s: deque[float] = deque()
        self._begun_s: deque[float] = deque()
        self._since_s = 0.0
        self._due_s = 0.0
        self._trusted_to_s = 0.0
        self.position_s = 0.0

    def add(self, samples: Samples) -> None:
        duration_s = len(samples) / self._rate_hz
        now_s = self._monotonic_s()
        self._due_s = max(self._due_s, now_s) + duration_s
        if self._due_s - now_s > BURST_S:
            self._trusted_to_s = self._due_s + TRUST_BURST_S
        self._levels_db.extend(window_levels_db(samples, self._rate_hz).tolist())
        self.position_s += duration_s

    def mark(self, *, is_exact: bool) -> None:
        """An utterance ends here, or a little before where the server says so."""
        at_s = self.position_s - (0.0 if is_exact else LOOK_BACK_S)
        last_s = self._marks_s[-1] if self._marks_s else self._since_s
        if self._has_sound(last_s, at_s):
            self._marks_s.append(at_s)

    def begin(self) -> None:
        """The server hears somebody begin, which is believed where there was sound lately."""
        if self._has_sound(self.position_s - BEGAN_WITHIN_S, self.position_s):
            self._begun_s.append(self.position_s)

    def can_be_words(self) -> bool:
        """Whether words that arrive now can have been spoken."""
        oldest_s = self.position_s - CLAIM_WITHIN_S
        while self._marks_s and self._marks_s[0] < oldest_s:
            self._since_s = self._marks_s.popleft()
        while self._begun_s and self._begun_s[0] < oldest_s:
            self._begun_s.popleft()
        if self._marks_s or self._begun_s or self._is_burst():
            return True
        return self._has_sound(self._since_s, self.position_s)

    def claim(self) -> Claim:
        """`can_be_words`, for the words of a whole utterance: the sound before its end serves no
        other.
        """
        back_s = max(self._since_s, self.position_s - LOOK_BACK_S)
        if not self.can_be_words():
            return Claim(is_granted=False, ends_s=back_s)
        is_certain = bool(self._marks_s) and len(self._begun_s) < 2 and not self._is_burst()
        self._since_s = self._marks_s.popleft() if self._marks_s else back_s
        if self._begun_s:
            self._begun_s.popleft()
        is_quiet = not self._has_sound(self._since_s, self.position_s)
        ends_s = self.position_s if is_quiet else self._since_s
        return Claim(is_granted=True, ends_s=ends_s if is_certain else None)

    def _is_burst(self) -> bool:
        return self._monotonic_s() < self._trusted_to_s

    def sounded_s(self, since_s: float, until_s: float | None = None) -> float:
        """How much of the sound between two places, or since one, was louder than its background."""
        newest = len(self._levels_db)
        ends_s = self.position_s if until_s is None else until_s
        first = newest - round((self.position_s - since_s) / WINDOW_S)
        last = newest - round((self.position_s - ends_s) / WINDOW_S)
        levels_db = np.array(self._levels_db, np.float32)
        stretch_db = levels_db[max(first, 0) : max(last, 0)]
        if not len(stretch_db):
            return 0.0
        background_db = level_of_quietest(levels_db, 10)
        threshold_db = max(FAINTEST_DB, min(background_db + ABOVE_BACKGROUND_DB, LOUD_DB))
        return int(np.count_nonzero(stretch_db >= threshold_db)) * WINDOW_S

    def _has_sound(self, since_s: float, until_s: float) -> bool:
        return self.sounded_s(since_s, until_s) >= LEAST_SOUND_S
