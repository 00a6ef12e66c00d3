"""Our calls in rooms: `run_call` with its own line, everything on, oracles for models."""

import asyncio
import tempfile
from pathlib import Path

import uvloop

from bench.loop.our_calls import OurCall
from bench.loop.stack_ours import prepare
from bench.rooms.seats import RoomSeat, run
from callmissed.domain.calls import CallTerms
from callmissed.providers import Warm
from callmissed.runtime.joining import open_room_line
from callmissed.transports.line import Line


class OurRoomSeat(RoomSeat):
    def __init__(self, folder: Path, warm: Warm) -> None:
        super().__init__()
        self._folder, self._warm = folder, warm

    async def enter(self, url: str, token: str) -> None:
        joined = asyncio.Event()

        async def open_line(terms: CallTerms, rate_hz: int) -> Line:
            line = await open_room_line(terms, rate_hz)
            joined.set()
            return line

        self._call = OurCall(self, self.ears, open_line, self._warm, self._folder, (url, token))
        await joined.wait()

    async def aclose(self) -> None:
        await self._call.aclose()


if __name__ == "__main__":
    uvloop.install()
    warm = prepare()
    folder = Path(tempfile.mkdtemp(prefix="bench-rooms-"))
    run(lambda: OurRoomSeat(folder, warm))
