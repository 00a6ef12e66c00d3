"""Which sound is the caller's own voice while the agent speaks: not the room, not the agent's echo."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from callmissed.voice.sound_background import Background
from callmissed.voice.sound_echo import ECHO_SHARE, RATE_HZ, EchoFinder, at_echo_rate
from callmissed.voice.sound_played import ECHO_S, PlayedSound
from callmissed.voice.sound_voices import VoiceTest

FAINTEST_VOICE_DB = -58.0
ABOVE_BACKGROUND_DB = 9.0
VOTES = 8
LOUD_VOTES = 6
"""So many of the last windows stand out of the room when somebody speaks."""
JUDGED_S = 0.24
"""So much sound is compared with what was played, and with what was played `ECHO_S` earlier."""
STRANGE_S = 0.04
STRANGE_AT_FIRST_S = 0.12
"""For so long it must not be found there: longer while nobody knows how late an echo would come …"""
UNECHOED_S = 1.0
"""… and the agent was not heard for so long without one."""
LOOK_EVERY_S = 0.04
LOOK_AT_ECHO_S = 0.08
LOOK_AT_CALLER_S = 0.16
"""Whoever was found is looked at less often."""
ROUNDING_S = 1e-6
HANG_S = 0.4
TAIL_S = 0.5
"""The last of the agent's words is heard again so long after it left."""
VOICES_S = 1.5
"""Voices so long that never stand out of the room are the room's."""
NOISY_ROOM_DB = -58.0
QUIETER_ROOM_DB = 6.0
EXPECTED_S = 3.0
"""For so long an agent that is about to speak is waited for."""


class SoundGuard:
    """While the agent speaks, and `TAIL_S` longer, only sound passes that stands out of the room and
    is not an echo of the agent. At other times everything does, unless the room itself is full of
    voices: then only what stands out of them, for as long as it is that loud.
    """

    def __init__(self, played: PlayedSound, background: Background) -> None:
        self._played = played
        self._background = background
        self._echo = EchoFinder()
        self._votes: deque[bool] = deque([False] * VOTES, VOTES)
        self._recent: deque[NDArray[np.int16]] = deque()
        self._recent_count = 0
        self._clock_s = 0.0
        self._strange_since_s: float | None = None
        self._unechoed_s = 0.0
        self._look_in_s = 0.0
        self._guards_for_s = 0.0
        self._open_for_s = 0.0
        self._voices = VoiceTest()
        self._hears_voice = False
        self._rooms_voice_s = 0.0
        self._voices_db: float | None = None

    def note_voice(self, is_heard: bool) -> None:
        """Our voice detector hears somebody in what passes, or nobody any more."""
        self._hears_voice = is_heard
        self._rooms_voice_s = 0.0

    def expect_agent(self) -> None:
        """The agent is about to speak first: until then it is guarded as if it did."""
        self._guards_for_s = EXPECTED_S

    def lets_pass(self, samples: NDArray[np.int16], rate_hz: int, levels_db: list[float]) -> bool:
        """Whether the sound that arrived just now is to be heard; `levels_db` are those of its
        windows of 10 ms, which the background holds afterwards and not yet."""
        is_loud = self._stands_out(levels_db)
        self._remember(samples, rate_hz)
        lasts_s = len(samples) / rate_hz
        self._clock_s += lasts_s
        self._guards_for_s -= lasts_s
        self._open_for_s -= lasts_s
        self._look_in_s -= lasts_s
        if self._played.is_under_way:
            self._begin_or_go_on()
        if self._guards_for_s > 0.0:
            self._played.follow(lasts_s)
            self._unechoed_s += lasts_s if not is_loud and not self._played.is_silent else 0.0
        elif not self._is_among_voices:
            self._judge_room(0.0 if is_loud else lasts_s, is_voice=self._hears_voice)
            return True
        if is_loud and self._look_in_s <= 0.0:
            self._look(rate_hz)
        if self._open_for_s > 0.0:
            return True
        if not is_loud and self._background.level_db > NOISY_ROOM_DB:
            self._judge_room(lasts_s, is_voice=self._voices.hears_voice(samples, rate_hz))
        return False

    def _begin_or_go_on(self) -> None:
        if self._guards_for_s <= 0.0:
            self._played.forget()
        self._guards_for_s = TAIL_S

    @property
    def _is_among_voices(self) -> bool:
        quieter_db = self._background.level_db + QUIETER_ROOM_DB
        return self._voices_db is not None and quieter_db >= self._voices_db

    def _judge_room(self, rooms_s: float, *, is_voice: bool) -> None:
        """`rooms_s` is for how long there was the room alone; 0 where the caller may have spoken."""
        if not rooms_s:
            self._rooms_voice_s = 0.0
            return
        change_s = rooms_s if is_voice else -rooms_s
        self._rooms_voice_s = min(max(0.0, self._rooms_voice_s + change_s), VOICES_S)
        if self._rooms_voice_s >= VOICES_S - ROUNDING_S:
            self._voices_db = self._background.level_db

    def _stands_out(self, levels_db: list[float]) -> bool:
        needed_db = max(FAINTEST_VOICE_DB, self._background.level_db + ABOVE_BACKGROUND_DB)
        self._votes.extend([level_db > needed_db for level_db in levels_db])
        votes = sum(self._votes)
        if not votes:
            self._strange_since_s = None
        return votes >= LOUD_VOTES

    def _look(self, rate_hz: int) -> None:
        """Whether the agent said that itself."""
        if self._is_echo(rate_hz):
            self._strange_since_s = None
        elif self._strange_since_s is None:
            self._strange_since_s = self._clock_s
        if self._is_strange():
            self._open_for_s = HANG_S
        self._look_in_s = LOOK_EVERY_S
        if self._open_for_s > 0.0:
            self._look_in_s = LOOK_AT_CALLER_S
        elif self._strange_since_s is None:
            self._look_in_s = LOOK_AT_ECHO_S

    def _is_strange(self) -> bool:
        if self._strange_since_s is None:
            return False
        is_sure = self._echo.is_known or self._unechoed_s >= UNECHOED_S
        needed_s = STRANGE_S if is_sure else STRANGE_AT_FIRST_S
        return self._clock_s - self._strange_since_s >= needed_s - ROUNDING_S

    def _is_echo(self, rate_hz: int) -> bool:
        if self._guards_for_s <= 0.0 or self._played.is_silent:
            return False
        heard = at_echo_rate(np.concatenate(self._recent), rate_hz)
        played = self._played.recent(len(heard) + int(ECHO_S * RATE_HZ))
        return self._echo.share(heard, played) >= ECHO_SHARE

    def _remember(self, samples: NDArray[np.int16], rate_hz: int) -> None:
        self._recent.append(samples)
        self._recent_count += len(samples)
        while self._recent_count - len(self._recent[0]) >= JUDGED_S * rate_hz:
            self._recent_count -= len(self._recent.popleft())
