"""What the agent said lately where the caller is: the sound that their microphone may hear."""

from collections import deque

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from callmissed.domain.lines import Playhead
from callmissed.voice.sound_echo import at_echo_rate

ECHO_S = 0.8
"""The way to the loudspeaker, through the room and back, with the network both times."""
KEPT_S = 1.5
NOTHING = np.zeros(0, np.int16)


class PlayedSound:
    """Fed with the agent's speech as it is made, asked as it leaves for the caller; mono, 16 bit.

    `follow` is called with the time that passed, for as long as the sound is to be remembered.
    """

    def __init__(self, playhead: Playhead) -> None:
        self._playhead = playhead
        self._waiting = bytearray()
        self._rate_hz = 0
        self._gone = 0
        self._left: deque[tuple[float, NDArray[np.int16]]] = deque()
        self._left_s = 0.0
        self._sounding = 0

    @property
    def is_under_way(self) -> bool:
        """Whether a speech is on its way to the caller, or held back while they speak."""
        return bool(self._waiting) or self._gone > 0

    def add(self, frame: rtc.AudioFrame) -> None:
        """The next of the present speech; the playhead is at this speech by then."""
        self._rate_hz = frame.sample_rate
        self._waiting += frame.data

    def restart(self) -> None:
        """The speech is over; what is added next is of another."""
        self.follow(0.0)
        self._waiting.clear()
        self._gone = 0

    def forget(self) -> None:
        """What was played before is no longer heard."""
        self._left.clear()
        self._left_s = 0.0
        self._sounding = 0

    def follow(self, passed_s: float) -> None:
        """So much time went by; what left for the caller in it is remembered."""
        due = int(self._playhead.played_s * self._rate_hz) - self._gone
        left = NOTHING
        if due > 0 and self._waiting:
            left = np.frombuffer(bytes(self._waiting[: 2 * due]), np.int16)
            del self._waiting[: 2 * due]
            self._gone += len(left)
        lasts_s = len(left) / self._rate_hz if len(left) else passed_s
        self._left.append((lasts_s, left))
        self._left_s += lasts_s
        self._sounding += bool(len(left))
        while self._left_s - self._left[0][0] > KEPT_S:
            gone_s, gone = self._left.popleft()
            self._left_s -= gone_s
            self._sounding -= bool(len(gone))

    @property
    def is_silent(self) -> bool:
        """Whether nothing of it can be heard any more."""
        return not self._sounding

    def recent(self, count: int) -> NDArray[np.float32]:
        """The last so many samples that left, at the rate of `at_echo_rate`; where nothing was
        played they are zero.
        """
        pieces = [
            left if len(left) else np.zeros(round(lasts_s * self._rate_hz), np.int16)
            for lasts_s, left in self._left
        ]
        samples = at_echo_rate(np.concatenate(pieces), self._rate_hz)[-count:]
        return np.concatenate([np.zeros(count - len(samples), np.float32), samples])
