"""A caller in a room of their own: their words, the noise around them and the agent's voice from their
loudspeaker reach one microphone. In real time, in memory, 16 kHz.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator

import numpy as np
from livekit import rtc
from livekit.agents.voice import io
from numpy.typing import NDArray

from bench.sound.noises import Sound, as_samples
from callmissed.domain.lines import LineClosed, LineNews
from callmissed.transports.paced_output import PacedOutput
from tests.speech.recordings import RATE_HZ
from tests.voice.callers import Screen

FRAME_S = 0.02
FRAME = int(RATE_HZ * FRAME_S)
LATEST_S = 0.1
ECHO_WAYS = ((1.0, 0.0), (0.4, 0.004), (0.2, 0.011))
"""Each with its share of the sound and how much later it comes."""


class Loudspeaker:
    """Plays what it is handed from a queue, as `rtc.AudioSource` does, and remembers what when."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._played: deque[tuple[float, NDArray[np.int16]]] = deque()
        self._free_s = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        pcm = np.frombuffer(frame.data, np.int16)
        begins_s = max(self._free_s, time.monotonic())
        self._played.append((begins_s, pcm))
        self._free_s = begins_s + len(pcm) / self._rate_hz
        while self._played[0][0] < begins_s - 3.0:
            self._played.popleft()

    def clear_queue(self) -> None:
        now_s, kept = time.monotonic(), deque[tuple[float, NDArray[np.int16]]]()
        for begins_s, pcm in self._played:
            count = int((now_s - begins_s) * self._rate_hz)
            if count > 0:
                kept.append((begins_s, pcm[:count]))
        self._played, self._free_s = kept, 0.0

    async def aclose(self) -> None:
        return None

    def is_heard(self, at_s: float) -> bool:
        return any(s <= at_s < s + len(pcm) / self._rate_hz for s, pcm in self._played)

    def piece(self, from_s: float) -> Sound:
        """What sounded in the 20 ms from then on, at 16 kHz."""
        wanted_s = from_s + np.arange(FRAME) / RATE_HZ
        sound = np.zeros(FRAME)
        for begins_s, pcm in self._played:
            ends_s = begins_s + len(pcm) / self._rate_hz
            if ends_s <= from_s or begins_s >= from_s + FRAME_S:
                continue
            places = (wanted_s - begins_s) * self._rate_hz
            inside = (places >= 0) & (places < len(pcm))
            sound[inside] += np.interp(places[inside], np.arange(len(pcm)), pcm)
        return sound


class RoomMicrophone(io.AudioInput):
    """Hears `noise` without end, what `say` is given, and the loudspeaker by `echo_gain` after
    `echo_delay_s`. `onset_s` is when the first of the words sounded.
    """

    def __init__(
        self, noise: Sound, loudspeaker: Loudspeaker, *, echo_gain: float, echo_delay_s: float
    ) -> None:
        super().__init__(label="room microphone")
        self._noise, self._at = noise, 0
        self._loudspeaker = loudspeaker
        self._echo_gain, self._echo_delay_s = echo_gain, echo_delay_s
        self._words: Sound = np.zeros(0)
        self.onset_s = 0.0
        self._spoken = asyncio.Event()
        self._next_s = 0.0

    async def say(self, words: Sound) -> None:
        """Returns with the last of it."""
        self._spoken.clear()
        self._words, self.onset_s = words, 0.0
        await self._spoken.wait()

    async def __anext__(self) -> rtc.AudioFrame:
        now_s = time.monotonic()
        self._next_s = max(self._next_s + FRAME_S, now_s - LATEST_S)
        await asyncio.sleep(max(0.0, self._next_s - now_s))
        sound = np.take(self._noise, np.arange(self._at, self._at + FRAME), mode="wrap")
        self._at = (self._at + FRAME) % len(self._noise)
        sound += self._next_words() + self._echo(self._next_s - FRAME_S)
        return rtc.AudioFrame(as_samples(sound).tobytes(), RATE_HZ, 1, FRAME)

    def _next_words(self) -> Sound:
        if len(self._words) and not self.onset_s:
            self.onset_s = time.monotonic() - FRAME_S
        words, self._words = self._words[:FRAME], self._words[FRAME:]
        if len(words) and not len(self._words):
            self._spoken.set()
        return np.pad(words, (0, FRAME - len(words)))

    def _echo(self, from_s: float) -> Sound:
        if not self._echo_gain:
            return np.zeros(FRAME)
        echo = np.zeros(FRAME)
        for share, later_s in ECHO_WAYS:
            echo += share * self._loudspeaker.piece(from_s - self._echo_delay_s - later_s)
        return echo * self._echo_gain


class CountedOutput(PacedOutput):
    """Knows how often it was paused while something was heard."""

    def __init__(self, rate_hz: int, loudspeaker: Loudspeaker) -> None:
        super().__init__(rate_hz, loudspeaker)
        self._loudspeaker = loudspeaker
        self.paused_s: list[float] = []

    @property
    def pauses(self) -> int:
        return len(self.paused_s)

    def pause(self) -> None:
        if self._loudspeaker.is_heard(now_s := time.monotonic()):
            self.paused_s.append(now_s)
        super().pause()


class RoomyLine:
    """A line to that room; `tell` is how its news are made."""

    def __init__(self, noise: Sound, rate_hz: int, *, echo_gain: float, echo_delay_s: float):
        self.loudspeaker = Loudspeaker(rate_hz)
        self.sound_in = self.microphone = RoomMicrophone(
            noise, self.loudspeaker, echo_gain=echo_gain, echo_delay_s=echo_delay_s
        )
        self.sound_out = self.playhead = CountedOutput(rate_hz, self.loudspeaker)
        self.sound_out.open_ears()
        self.captions = self.screen = Screen()
        self._news: asyncio.Queue[LineNews] = asyncio.Queue()

    def tell(self, item: LineNews) -> None:
        self._news.put_nowait(item)

    async def news(self) -> AsyncIterator[LineNews]:
        while True:
            item = await self._news.get()
            yield item
            if isinstance(item, LineClosed):
                return

    async def aclose(self) -> None:
        await self.sound_out.aclose()
