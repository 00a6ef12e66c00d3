"""Sound in and out in memory, for LiveKit Agents' interfaces."""

from livekit import rtc
from livekit.agents import utils
from livekit.agents.voice import io

from bench.loop.contract import FRAME_SAMPLES, IN_HZ, Seat


class PushedInput(io.AudioInput):
    """A microphone that is fed from outside."""

    def __init__(self) -> None:
        super().__init__(label="bench-in")
        self._frames = utils.aio.Chan[rtc.AudioFrame]()

    def push(self, pcm: bytes) -> None:
        frame = rtc.AudioFrame(pcm, IN_HZ, 1, FRAME_SAMPLES)
        self._frames.send_nowait(frame)

    async def __anext__(self) -> rtc.AudioFrame:
        return await self._frames.__anext__()


class Earpiece:
    """Takes sound as `rtc.AudioSource` does; tells the seat."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        self._seat.note_audio()

    def clear_queue(self) -> None:
        return None

    async def aclose(self) -> None:
        return None
