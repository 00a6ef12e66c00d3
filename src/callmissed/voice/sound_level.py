"""Every caller as loud as the next, whatever their microphone makes of them."""

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from callmissed.kit.loudness import WINDOW_S
from callmissed.voice.sound_clipping import is_clipped, mend_peaks

TARGET_DB = -22.0
"""Root mean square of speech, in dB of full scale: what recognisers are made for."""
MOST_GAIN_DB = 24.0
LEAST_GAIN_DB = -12.0
CLOSE_ENOUGH_DB = 3.0
ABOVE_BACKGROUND_DB = 12.0
FIRST_HEARD_S = 0.3
REMEMBERED_S = 3.0
"""Of speech, pauses left out."""
PAUSE_S = 0.15
FULL_SCALE = 32767.0
MAY_CLIP_DB = -18.0
"""Fainter windows hold no peak at full scale."""


class LevelKeeper:
    """Follows how loud the caller speaks; the gain changes only where they pause, so that no word
    begins soft and ends loud. Only a caller who is too loud for their microphone is made less so at
    once.
    """

    def __init__(self) -> None:
        self._power = 0.0
        self._heard_s = 0.0
        self._quiet_s = 0.0
        self._gain_db = 0.0

    @property
    def gain_db(self) -> float:
        """What sound is raised by just now."""
        return self._gain_db

    def note(self, levels_db: list[float], background_db: float) -> None:
        """Windows of 10 ms in which the caller may speak."""
        for level_db in levels_db:
            if level_db > background_db + ABOVE_BACKGROUND_DB:
                self._learn(level_db)
                self._quiet_s = 0.0
            else:
                self._quiet_s += WINDOW_S
        if self._quiet_s >= PAUSE_S and self._heard_s >= FIRST_HEARD_S:
            self._set_gain()

    def level(self, frame: rtc.AudioFrame, loudest_db: float) -> rtc.AudioFrame:
        """The frame as loud as it is to be, its clipped peaks mended; the same one where it is well
        as it is. `loudest_db` is the level of its loudest window.
        """
        samples = np.frombuffer(frame.data, np.int16)
        if loudest_db > MAY_CLIP_DB and is_clipped(samples):
            self._gain_db = LEAST_GAIN_DB
            return self._amplified(frame, mend_peaks(samples, frame.sample_rate))
        return frame if self._gain_db == 0.0 else self._amplified(frame, samples)

    def _amplified(
        self, frame: rtc.AudioFrame, samples: NDArray[np.int16] | NDArray[np.float32]
    ) -> rtc.AudioFrame:
        louder = samples * np.float32(10 ** (self._gain_db / 20))
        np.clip(louder, -FULL_SCALE, FULL_SCALE, out=louder)
        data = louder.astype(np.int16).tobytes()
        return rtc.AudioFrame(data, frame.sample_rate, frame.num_channels, len(louder))

    def _learn(self, level_db: float) -> None:
        self._heard_s = min(self._heard_s + WINDOW_S, REMEMBERED_S)
        self._power += (10 ** (level_db / 10) - self._power) * WINDOW_S / self._heard_s

    def _set_gain(self) -> None:
        wanted_db = TARGET_DB - 10 * float(np.log10(self._power))
        wanted_db = min(max(wanted_db, LEAST_GAIN_DB), MOST_GAIN_DB)
        if abs(wanted_db) < CLOSE_ENOUGH_DB:
            self._gain_db = 0.0
        elif abs(wanted_db - self._gain_db) >= CLOSE_ENOUGH_DB:
            self._gain_db = wanted_db
