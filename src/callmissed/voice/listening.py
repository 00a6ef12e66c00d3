"""The caller's sound on its way to the engine: measured as it passes, never changed."""

from collections.abc import Callable

import numpy as np
from livekit import rtc
from livekit.agents.voice import io

from callmissed.kit.loudness import LevelLog, window_levels_db

RECENTLY_S = 1.5


class ListenedInput(io.AudioInput):
    """Passes frames on and keeps the instant of every sound in them, in monotonic seconds as it
    arrived.

    `on_arrival` is called once, with the first frame. Voice activity detection reports the end of
    speech 60 to
    100 ms late; the levels kept here know it to 10 ms.
    """

    def __init__(
        self,
        source: io.AudioInput,
        monotonic_s: Callable[[], float],
        on_arrival: Callable[[float], None],
    ) -> None:
        super().__init__(label="listened", source=source)
        self._monotonic_s = monotonic_s
        self._on_arrival = on_arrival
        self.levels = LevelLog()
        self.heard_s = 0.0

    def quiet_s(self) -> float:
        """For how long the caller has made no sound, as far as the last `RECENTLY_S` tell."""
        now_s = self._monotonic_s()
        last_s = self.levels.last_sound_s(now_s - RECENTLY_S, now_s)
        return RECENTLY_S if last_s is None else now_s - last_s

    async def __anext__(self) -> rtc.AudioFrame:
        frame = await super().__anext__()
        self._measure(frame)
        return frame

    def _measure(self, frame: rtc.AudioFrame) -> None:
        now_s = self._monotonic_s()
        if self.heard_s == 0.0:
            self._on_arrival(now_s)
        self.heard_s += frame.duration
        pcm = np.frombuffer(frame.data, dtype=np.int16)
        self.levels.add(window_levels_db(pcm, frame.sample_rate), now_s)
