"""The caller's sound on its way to the engine: measured as it arrives, guarded while the agent
speaks, as loud as the next caller's."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.voice import io
from livekit.agents.voice.events import UserStateChangedEvent
from numpy.typing import NDArray

from callmissed.domain.sound import SoundIn
from callmissed.kit.loudness import LevelLog, window_levels_db
from callmissed.voice.sound_background import Background
from callmissed.voice.sound_guard import SoundGuard
from callmissed.voice.sound_level import LevelKeeper
from callmissed.voice.sound_noise import NoiseFilter
from callmissed.voice.sound_played import PlayedSound

RECENTLY_S = 1.5
LOOK_BACK_S = 0.26
"""So much of what was held back is given with the sound that shows that the caller speaks."""


@dataclass(frozen=True, slots=True)
class _Arrived:
    frame: rtc.AudioFrame
    levels_db: NDArray[np.float32]
    at_s: float


class ListenedInput(io.AudioInput):
    """Passes sound on and keeps the instant of every sound of the caller in it, in monotonic seconds
    as it arrived.

    `played` is what the agent says, `treatment` what is done to what the caller says. Sound that the
    guard lets pass comes at once, with what was held back before it; other sound comes `LOOK_BACK_S`
    later, as silence. As much sound leaves as came. `on_arrival` is called once, with the first
    frame. Voice activity detection reports the end of speech 60 to 100 ms late; the levels kept here
    know it to 10 ms.
    """

    def __init__(
        self,
        source: io.AudioInput,
        monotonic_s: Callable[[], float],
        on_arrival: Callable[[float], None],
        played: PlayedSound,
        treatment: SoundIn,
    ) -> None:
        super().__init__(label="listened", source=source)
        self._monotonic_s = monotonic_s
        self._on_arrival = on_arrival
        self._background = Background()
        self._guard = SoundGuard(played, self._background) if treatment.guard else None
        self._level = LevelKeeper() if treatment.level else None
        self._noise = NoiseFilter() if treatment.filter_noise else None
        self._held: deque[_Arrived] = deque()
        self._held_s = 0.0
        self._ready: deque[rtc.AudioFrame] = deque()
        self.levels = LevelLog()
        self.heard_s = 0.0

    def listen_to(self, session: AgentSession[Any]) -> None:
        """To whether our voice detector hears somebody."""
        if self._guard is not None:
            session.on("user_state_changed", partial(_tell_voice, self._guard))

    def expect_agent(self) -> None:
        """The agent is about to speak first."""
        if self._guard is not None:
            self._guard.expect_agent()

    def quiet_s(self) -> float:
        """For how long the caller has made no sound, as far as the last `RECENTLY_S` tell."""
        now_s = self._monotonic_s()
        last_s = self.levels.last_sound_s(now_s - RECENTLY_S, now_s)
        return RECENTLY_S if last_s is None else now_s - last_s

    async def __anext__(self) -> rtc.AudioFrame:
        while not self._ready:
            self._take(await super().__anext__())
        return self._ready.popleft()

    def _take(self, frame: rtc.AudioFrame) -> None:
        now_s = self._monotonic_s()
        if self.heard_s == 0.0:
            self._on_arrival(now_s)
        self.heard_s += frame.duration
        pcm = np.frombuffer(frame.data, dtype=np.int16)
        windows_db = window_levels_db(pcm, frame.sample_rate)
        levels_db = windows_db.tolist()
        arrived = _Arrived(frame, windows_db, now_s)
        if self._guard is None or self._guard.lets_pass(pcm, frame.sample_rate, levels_db):
            while self._held:
                self._pass_on(self._take_held())
            self._pass_on(arrived)
        else:
            self._hold(arrived)
        self._background.add(levels_db)

    def _pass_on(self, arrived: _Arrived) -> None:
        self.levels.add(arrived.levels_db, arrived.at_s)
        frame = arrived.frame if self._noise is None else self._noise.clean(arrived.frame)
        if self._level is not None and len(arrived.levels_db):
            levels_db = arrived.levels_db.tolist()
            self._level.note(levels_db, self._background.level_db)
            frame = self._level.level(frame, max(levels_db))
        self._ready.append(frame)

    def _hold(self, arrived: _Arrived) -> None:
        self._held.append(arrived)
        self._held_s += arrived.frame.duration
        while self._held_s > LOOK_BACK_S:
            frame = self._take_held().frame
            silence = bytes(len(frame.data) * 2)
            self._ready.append(
                rtc.AudioFrame(
                    silence, frame.sample_rate, frame.num_channels, frame.samples_per_channel
                )
            )

    def _take_held(self) -> _Arrived:
        arrived = self._held.popleft()
        self._held_s -= arrived.frame.duration
        return arrived


def _tell_voice(guard: SoundGuard, event: UserStateChangedEvent) -> None:
    guard.note_voice(event.new_state == "speaking")
