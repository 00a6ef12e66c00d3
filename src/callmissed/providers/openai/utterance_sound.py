"""The sound of one utterance out of a caller's stream: from shortly before the first sound to
shortly behind the last.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from livekit import rtc

from callmissed.kit.loudness import WINDOW_S, level_of_quietest, window_levels_db
from callmissed.kit.pcm import Resampler, Samples

RATE_HZ = 16_000
KEEP_S = 60.0
PRE_ROLL_S = 0.3
TAIL_S = 0.3
# No caller pauses for longer without an end of speech being seen.
MAX_PAUSE_S = 1.5
LEAST_SOUND_S = 0.06
FAINTEST_DB = -55.0
LOUD_DB = -35.0
ABOVE_BACKGROUND_DB = 6.0

_WINDOW = int(RATE_HZ * WINDOW_S)


@dataclass(frozen=True, slots=True)
class Utterance:
    """Samples at `RATE_HZ`, and where they stood in the stream, in seconds."""

    samples: Samples
    started_s: float
    ended_s: float

    @property
    def duration_ms(self) -> int:
        return len(self.samples) * 1000 // RATE_HZ


class UtteranceSound:
    """Takes frames of one rate; `take` gives what was spoken since it was last asked, at most the
    last minute.

    Only loudness is judged here: who asks knows by other means that somebody spoke.
    """

    def __init__(self) -> None:
        self._pieces: deque[Samples] = deque()
        self._kept = 0
        self._position = 0
        self._levels_db: deque[float] = deque(maxlen=int(KEEP_S / WINDOW_S))
        self._resampler: Resampler | None = None

    def push(self, frame: rtc.AudioFrame) -> None:
        samples = np.frombuffer(frame.data, np.int16)
        if frame.sample_rate != RATE_HZ:
            self._resampler = self._resampler or Resampler(frame.sample_rate, RATE_HZ)
            samples = self._resampler.push(samples)
        self._pieces.append(samples)
        self._kept += len(samples)
        self._position += len(samples)
        while self._kept > KEEP_S * RATE_HZ:
            self._kept -= len(self._pieces.popleft())

    def take(self) -> Utterance | None:
        """None where nothing sounded."""
        sound = np.concatenate([np.zeros(0, np.int16), *self._pieces])
        first = self._position - len(sound)
        self._pieces.clear()
        self._kept = 0
        levels_db = window_levels_db(sound, RATE_HZ)
        self._levels_db.extend(levels_db.tolist())
        sounding = np.flatnonzero(levels_db >= self._threshold_db())
        if len(sounding) * WINDOW_S < LEAST_SOUND_S:
            return None
        pauses = np.flatnonzero(np.diff(sounding) * WINDOW_S > MAX_PAUSE_S)
        begin = int(sounding[pauses[-1] + 1 if len(pauses) else 0])
        start = max(0, begin * _WINDOW - int(PRE_ROLL_S * RATE_HZ))
        end = min(len(sound), (int(sounding[-1]) + 1) * _WINDOW + int(TAIL_S * RATE_HZ))
        return Utterance(sound[start:end], (first + start) / RATE_HZ, (first + end) / RATE_HZ)

    def _threshold_db(self) -> float:
        if not self._levels_db:
            return FAINTEST_DB
        background_db = level_of_quietest(np.array(self._levels_db, np.float32), 10)
        return max(FAINTEST_DB, min(background_db + ABOVE_BACKGROUND_DB, LOUD_DB))
