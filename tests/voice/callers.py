"""A caller without a room: speaks recorded words in real time, and keeps what they hear."""

import asyncio
import time
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import numpy as np
from livekit import rtc
from livekit.agents.voice import io
from numpy.typing import NDArray

from callmissed.domain.lines import AgentState, LineClosed, LineNews, Party
from callmissed.transports.paced_output import PacedOutput

QUESTION = Path(__file__).parent / "question.wav"
RATE_HZ = 16000
FRAME = RATE_HZ // 50


def load_words(path: Path = QUESTION) -> NDArray[np.int16]:
    """The recording from its first to its last audible sample."""
    with wave.open(str(path)) as recording:
        pcm = np.frombuffer(recording.readframes(recording.getnframes()), np.int16)
    audible = np.flatnonzero(np.abs(pcm) > 200)
    return pcm[audible[0] : audible[-1] + 1]


class Microphone(io.AudioInput):
    """Frames of 20 ms in real time: what is said, else silence."""

    def __init__(self, *, is_on: bool = True) -> None:
        super().__init__(label="microphone")
        self._is_on = asyncio.Event()
        if is_on:
            self._is_on.set()
        self._left = np.zeros(0, np.int16)
        self._next_s = 0.0
        self.onset_s = self.end_s = 0.0
        self._spoken = asyncio.Event()

    async def say(self, pcm: NDArray[np.int16]) -> None:
        """Returns with the last frame of it; `onset_s` and `end_s` are then known."""
        self._spoken.clear()
        self.onset_s = 0.0
        self._left = pcm
        await self._spoken.wait()

    async def __anext__(self) -> rtc.AudioFrame:
        await self._is_on.wait()
        now_s = time.monotonic()
        self._next_s = max(self._next_s + 0.02, now_s - 0.1)
        await asyncio.sleep(max(0.0, self._next_s - now_s))
        frame = np.zeros(FRAME, np.int16)
        if len(self._left):
            chunk, self._left = self._left[:FRAME], self._left[FRAME:]
            frame[: len(chunk)] = chunk
            self.onset_s = self.onset_s or time.monotonic() - 0.02
            self.end_s = time.monotonic() - (FRAME - len(chunk)) / RATE_HZ
            if not len(self._left):
                self._spoken.set()
        return rtc.AudioFrame(frame.tobytes(), RATE_HZ, 1, FRAME)


class Earpiece:
    """The far end of the agent's sound: keeps when what was handed over."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.handed: list[tuple[float, NDArray[np.int16]]] = []
        self.cleared_s: list[float] = []
        self.is_closed = False
        self.fault: Literal["hangs", "refuses"] | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        if self.fault == "hangs":
            await asyncio.Event().wait()
        if self.fault == "refuses":
            raise RuntimeError("planned")
        self.handed.append((time.monotonic(), np.frombuffer(frame.data, np.int16)))

    def clear_queue(self) -> None:
        self.cleared_s.append(time.monotonic())

    async def aclose(self) -> None:
        self.is_closed = True


class Screen:
    """What a client would show."""

    def __init__(self) -> None:
        self.shown: list[tuple[Party, str, str, bool]] = []
        self.states: list[AgentState] = []
        self._more = asyncio.Event()

    def show_words(self, party: Party, segment_id: str, text: str, *, is_final: bool) -> None:
        self.shown.append((party, segment_id, text, is_final))
        self._more.set()

    async def until_shown(self, party: Party, words: str, within_s: float = 15.0) -> None:
        async with asyncio.timeout(within_s):
            while not any(who is party and words in text for who, _, text, _ in self.shown):
                self._more.clear()
                await self._more.wait()

    def show_state(self, state: AgentState) -> None:
        self.states.append(state)
        self._more.set()

    async def until_state(self, state: AgentState, within_s: float = 15.0) -> None:
        async with asyncio.timeout(within_s):
            while state not in self.states:
                self._more.clear()
                await self._more.wait()

    async def until_final(self, words: str, within_s: float = 15.0) -> None:
        async with asyncio.timeout(within_s):
            while not any(text == words and final for *_, text, final in self.shown):
                self._more.clear()
                await self._more.wait()

    def finals(self, party: Party) -> list[str]:
        return [text for who, _, text, is_final in self.shown if who is party and is_final]


class MemoryLine:
    """A line in this process. `tell` is how its news are made."""

    def __init__(self, rate_hz: int = RATE_HZ, *, microphone_is_on: bool = True) -> None:
        self.microphone = Microphone(is_on=microphone_is_on)
        self.earpiece = Earpiece(rate_hz)
        self.screen = Screen()
        self._output = PacedOutput(rate_hz, self.earpiece)
        self._output.open_ears()
        self._news: asyncio.Queue[LineNews] = asyncio.Queue()
        self.is_closed = False

    @property
    def sound_in(self) -> io.AudioInput:
        return self.microphone

    @property
    def sound_out(self) -> PacedOutput:
        return self._output

    @property
    def playhead(self) -> PacedOutput:
        return self._output

    @property
    def captions(self) -> Screen:
        return self.screen

    def tell(self, item: LineNews) -> None:
        self._news.put_nowait(item)

    async def news(self) -> AsyncIterator[LineNews]:
        while True:
            item = await self._news.get()
            yield item
            if isinstance(item, LineClosed):
                return

    async def aclose(self) -> None:
        self.is_closed = True
        await self._output.aclose()
