"""The agent's speech, handed to a transport in step with the caller's ear."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import structlog
from livekit import rtc
from livekit.agents.voice import io

from callmissed.kit.loudness import first_audible_sample

CHUNK_MS = 50
LEAD_S = 0.15
"""So much sound at most waits in front of the caller; enough to ride out a busy event loop."""
NEARLY_DRY_S = 0.02
SINK_TIMEOUT_S = 1.0
"""A sink that holds less than a second of sound has taken more by then."""
REFUSED_WAIT_S = 0.1

log = structlog.get_logger("callmissed.transports.paced_output")


class SoundSink(Protocol):
    """Plays what it is given in real time, from a queue of its own (`rtc.AudioSource` is one)."""

    async def capture_frame(self, frame: rtc.AudioFrame) -> None: ...
    def clear_queue(self) -> None: ...
    async def aclose(self) -> None: ...


@dataclass(slots=True)
class _Segment:
    """One speech on its way out. `waiting` are samples not yet handed over."""

    waiting: bytearray = field(default_factory=bytearray)
    is_flushed: bool = False
    has_started: bool = False
    handed_s: float = 0.0


class PacedOutput(io.AudioOutput):
    """Plays the agent's speech a short lead ahead of the caller's ear. Mono, 16 bit.

    Also the call's `Playhead`. Nothing is played before somebody listens: `open_ears` says so.
    """

    def __init__(self, rate_hz: int, sink: SoundSink) -> None:
        super().__init__(
            label="paced",
            capabilities=io.AudioOutputCapabilities(pause=True),
            sample_rate=rate_hz,
        )
        self._rate_hz = rate_hz
        self._sink = sink
        self._chunk_bytes = rate_hz * CHUNK_MS // 1000 * 2
        # A sink plays whole 10 ms only; what is less would stay in its queue.
        self._grain_bytes = rate_hz // 100 * 2
        self._segment: _Segment | None = None
        self._recent = bytearray()
        self._dry_at_s = 0.0
        self._listened_to = asyncio.Event()
        self._enabled = asyncio.Event()
        self._enabled.set()
        self._wake = asyncio.Event()
        self._clears = 0
        self._is_refused = False
        self._played_s = 0.0
        self._audible_at_s: float | None = None
        self._silent_at_s: float | None = None
        self._last_sound_s: float | None = None
        self._pumping = asyncio.create_task(self._pump(), name="pump speech")

    @property
    def played_s(self) -> float:
        if self._segment is None:
            return self._played_s
        return max(0.0, self._segment.handed_s - self._queued_s())

    @property
    def audible_at_s(self) -> float | None:
        return self._audible_at_s

    @property
    def silent_at_s(self) -> float | None:
        return self._silent_at_s

    def open_ears(self) -> None:
        """Somebody listens from now on."""
        self._listened_to.set()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Takes speech of any length at any pace; waits only until somebody listens."""
        await self._listened_to.wait()
        await super().capture_frame(frame)
        if self._segment is None:
            self._segment = _Segment()
            self._audible_at_s = self._silent_at_s = self._last_sound_s = None
        # With a whole chunk waiting already the pump knows when to come back.
        is_news = len(self._segment.waiting) < self._chunk_bytes
        self._segment.waiting += frame.data
        if is_news:
            self._wake.set()

    def flush(self) -> None:
        super().flush()
        if self._segment is not None:
            self._segment.is_flushed = True
            self._wake.set()

    def clear_buffer(self) -> None:
        """Silence at once. Doing it again changes nothing."""
        if self._segment is not None:
            self._take_back_queue()
            self._finish(interrupted=True)

    def pause(self) -> None:
        """Silence at once; `resume` goes on at the very sample."""
        super().pause()
        self._enabled.clear()
        if self._segment is not None:
            self._segment.waiting[:0] = self._take_back_queue()

    def resume(self) -> None:
        super().resume()
        self._enabled.set()
        self._wake.set()

    async def aclose(self) -> None:
        self._pumping.cancel()
        await asyncio.wait([self._pumping])
        await self._sink.aclose()

    async def _pump(self) -> None:
        while True:
            self._wake.clear()
            wait_s = await self._step()
            if wait_s is None:
                await self._wake.wait()
            elif wait_s > 0:
                await _wait_at_most(self._wake, wait_s)

    async def _step(self) -> float | None:
        """Hands over what is due. Returns how long to wait; None for: until something changes."""
        segment = self._segment
        if segment is None or not self._enabled.is_set():
            return None
        if segment.waiting:
            wait_s = self._wait_before(segment)
            if wait_s == 0 and not await self._hand_over(segment):
                return REFUSED_WAIT_S
            return wait_s
        if not segment.is_flushed:
            return None
        if (left_s := self._queued_s()) > 0:
            return left_s
        self._finish(interrupted=False)
        return None

    def _wait_before(self, segment: _Segment) -> float | None:
        """How long until the next chunk is due; less than one is due when the queue runs dry."""
        if segment.is_flushed or len(segment.waiting) >= self._chunk_bytes:
            return max(0.0, self._queued_s() + CHUNK_MS / 1000 - LEAD_S)
        if not segment.has_started:
            return None
        return max(0.0, self._queued_s() - NEARLY_DRY_S)

    async def _hand_over(self, segment: _Segment) -> bool:
        chunk = bytes(segment.waiting[: self._chunk_bytes])
        played_bytes = len(chunk)
        del segment.waiting[: self._chunk_bytes]
        segment.handed_s += len(chunk) // 2 / self._rate_hz
        if segment.is_flushed and not segment.waiting:
            chunk += bytes(-len(chunk) % self._grain_bytes)
        samples = len(chunk) // 2
        starts_s = max(self._dry_at_s, time.monotonic())
        self._note_audible(chunk, starts_s)
        self._dry_at_s = self._last_sound_s = starts_s + samples / self._rate_hz
        self._recent += chunk
        del self._recent[: -int(LEAD_S * self._rate_hz) * 4]
        if not segment.has_started:
            segment.has_started = True
            self.on_playback_started(created_at=time.time())
        clears = self._clears
        is_taken = await self._offer(rtc.AudioFrame(chunk, self._rate_hz, 1, samples))
        if clears != self._clears:
            self._sink.clear_queue()
        elif not is_taken:
            self._dry_at_s = 0.0
            segment.handed_s -= played_bytes // 2 / self._rate_hz
            segment.waiting[:0] = chunk[:played_bytes]
            del self._recent[-len(chunk) :]
        return is_taken

    async def _offer(self, frame: rtc.AudioFrame) -> bool:
        """Whether the sink has taken it: what it has not is not played, and so not heard."""
        try:
            async with asyncio.timeout(SINK_TIMEOUT_S):
                await self._sink.capture_frame(frame)
        except Exception as error:
            if not self._is_refused:
                log.warning("a line takes no sound", kind=type(error).__name__)
            self._is_refused = True
            return False
        self._is_refused = False
        return True

    def _note_audible(self, chunk: bytes, starts_s: float) -> None:
        if self._audible_at_s is None:
            index = first_audible_sample(np.frombuffer(chunk, dtype=np.int16))
            if index is not None:
                self._audible_at_s = starts_s + index / self._rate_hz

    def _take_back_queue(self) -> bytes:
        """Empties the queue in front of the caller; returns the samples that were not played."""
        queued_s = self._queued_s()
        self._clears += 1
        self._sink.clear_queue()
        self._dry_at_s = 0.0
        if queued_s > 0:
            self._last_sound_s = time.monotonic()
        if self._segment is not None:
            self._segment.handed_s = max(0.0, self._segment.handed_s - queued_s)
        count = min(int(queued_s * self._rate_hz) * 2, len(self._recent))
        unplayed = bytes(self._recent[len(self._recent) - count :])
        self._recent.clear()
        return unplayed

    def _finish(self, *, interrupted: bool) -> None:
        self._played_s = self.played_s
        self._segment = None
        self._silent_at_s = min(time.monotonic(), self._last_sound_s or time.monotonic())
        self._recent.clear()
        self.on_playback_finished(playback_position=self._played_s, interrupted=interrupted)

    def _queued_s(self) -> float:
        return max(0.0, self._dry_at_s - time.monotonic())


async def _wait_at_most(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
