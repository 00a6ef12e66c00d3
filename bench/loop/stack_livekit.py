"""LiveKit Agents as it comes from PyPI: its own session, its own defaults.

`--option tuned`: end of turn after 0.3 s, speech made ahead of the turn's end, interruption after
0.2 s, voice activity in the loop's own thread, uvloop, a frozen heap; what its interfaces offer,
nothing of ours.
"""

import asyncio
import gc
import logging
import time
from concurrent.futures import Executor, Future
from typing import Any

import uvloop
from livekit import rtc
from livekit.agents import Agent, AgentSession, inference, stt
from livekit.agents.voice import io

from bench.loop.contract import FRAME_S, OUT_HZ, Seat
from bench.loop.lines import PushedInput
from bench.loop.oracles import OracleLLM, OracleSTT, OracleTTS
from bench.loop.running import parse_arguments, run

LEAD_S = 0.06


class PacedEar(io.AudioOutput):
    """20 ms at a time, `LEAD_S` ahead of the ear."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(
            label="bench-out",
            capabilities=io.AudioOutputCapabilities(pause=True),
            sample_rate=OUT_HZ,
        )
        self._seat = seat
        self._waiting_s = self._handed_s = self._began_s = 0.0
        self._is_open = self._is_flushed = False
        self._wake, self._enabled = asyncio.Event(), asyncio.Event()
        self._enabled.set()
        self._task = asyncio.create_task(self._pump())

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._is_open:
            self._is_open, self._is_flushed = True, False
            self._waiting_s = self._handed_s = self._began_s = 0.0
        self._waiting_s += frame.duration
        self._wake.set()

    def flush(self) -> None:
        super().flush()
        self._is_flushed = True
        self._wake.set()

    def clear_buffer(self) -> None:
        if self._is_open:
            self._finish(interrupted=True)

    def pause(self) -> None:
        super().pause()
        self._enabled.clear()

    def resume(self) -> None:
        super().resume()
        self._enabled.set()

    async def _pump(self) -> None:
        while True:
            await self._wake.wait()
            await self._enabled.wait()
            if not self._is_open:
                self._wake.clear()
                continue
            await self._step()

    async def _step(self) -> None:
        at_s = time.monotonic()
        if self._waiting_s >= FRAME_S / 2:
            if not self._began_s:
                self._began_s = at_s
                self.on_playback_started(created_at=time.time())
            self._began_s = max(self._began_s, at_s - self._handed_s)
            while self._waiting_s >= FRAME_S / 2 and self._ahead_s() < LEAD_S:
                self._seat.note_audio()
                self._waiting_s -= FRAME_S
                self._handed_s += FRAME_S
            await asyncio.sleep(2 * FRAME_S)
        elif self._is_flushed:
            if (left_s := self._ahead_s()) > 0:
                await asyncio.sleep(left_s)
            elif self._is_open:
                self._finish(interrupted=False)
        else:
            self._wake.clear()

    def _ahead_s(self) -> float:
        return self._began_s + self._handed_s - time.monotonic()

    def _finish(self, *, interrupted: bool) -> None:
        self._is_open = False
        played_s = max(0.0, min(self._handed_s, time.monotonic() - self._began_s))
        self.on_playback_finished(playback_position=played_s, interrupted=interrupted)


class Words(io.TextOutput):
    """Captions that nobody reads."""

    def __init__(self) -> None:
        super().__init__(label="bench-words", next_in_chain=None)

    async def capture_text(self, text: str) -> None:
        return None

    def flush(self) -> None:
        return None


class Inline(Executor):
    """Runs at once, in the caller."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


def agent() -> Agent:
    return Agent(instructions="You are a helpful voice assistant.")


def open_session(seat: Seat, ears: OracleSTT, *, tuned: bool) -> AgentSession[None]:
    """Not yet started. Its default detector of turns runs in LiveKit's cloud: voice activity is the
    local one."""
    handling: Any = {"turn_detection": "vad"}
    if tuned:
        handling |= {
            "endpointing": {"min_delay": 0.3, "max_delay": 3.0},
            "interruption": {"mode": "vad", "min_duration": 0.2},
            "preemptive_generation": {"enabled": True, "preemptive_tts": True},
        }
    return AgentSession(
        stt=ears,
        llm=OracleLLM(seat),
        tts=OracleTTS(seat),
        vad=inference.VAD(executor=Inline()) if tuned else inference.VAD(),
        user_away_timeout=None,
        aec_warmup_duration=None,
        turn_handling=handling,
    )


class LiveKitSeat(Seat):
    def __init__(self, *, tuned: bool) -> None:
        self._tuned = tuned
        self._sound_in, self._stt = PushedInput(), OracleSTT()

    async def open(self) -> None:
        self._session = open_session(self, self._stt, tuned=self._tuned)
        self._session.input.audio = self._sound_in
        self._session.output.audio = PacedEar(self)
        self._session.output.transcription = Words()
        await self._session.start(agent())

    async def push(self, pcm: bytes) -> None:
        self._sound_in.push(pcm)

    async def hear_partial(self, words: str) -> None:
        self._stt.tell(stt.SpeechEventType.INTERIM_TRANSCRIPT, words)

    async def hear_final(self, words: str) -> None:
        self._stt.tell(stt.SpeechEventType.FINAL_TRANSCRIPT, words)


def freeze() -> None:
    """What lives now is never looked at again by the collector."""
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    tuned = "tuned" in parse_arguments().option
    if tuned:
        uvloop.install()
    name = "livekit tuned" if tuned else "livekit default"
    run(name, lambda: LiveKitSeat(tuned=tuned), freeze if tuned else gc.collect)
