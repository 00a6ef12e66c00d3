"""Our call, whole: voice activity, journal on disk, captions, meters, heard text.

`--option alone` leaves the journal out, to see what it costs.
"""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvloop
from livekit.agents import stt

from bench.loop.contract import OUT_HZ, Seat
from bench.loop.lines import Earpiece, PushedInput
from bench.loop.oracles import OracleSTT
from bench.loop.our_calls import OurCall
from bench.loop.running import parse_arguments, run
from callmissed.domain.calls import CallTerms
from callmissed.domain.lines import AgentState, CallerHere, LineNews, Party
from callmissed.kit.heap import settle_heap
from callmissed.providers import Warm
from callmissed.runtime.call import prepare_process
from callmissed.transports.paced_output import PacedOutput


class Captions:
    """Encodes what a client would be sent."""

    def __init__(self) -> None:
        self.bytes = 0

    def show_words(self, party: Party, segment_id: str, text: str, *, is_final: bool) -> None:
        self.bytes += len(f"{party}{segment_id}{text}{is_final}".encode())

    def show_state(self, state: AgentState) -> None:
        self.bytes += len(state)


class MemoryLine:
    """The transport: the seat's microphone and earpiece."""

    def __init__(self, seat: Seat, sound_in: PushedInput) -> None:
        self.sound_in = sound_in
        self.sound_out = self.playhead = PacedOutput(OUT_HZ, Earpiece(seat))
        self.sound_out.open_ears()
        self.captions = Captions()

    async def news(self) -> AsyncIterator[LineNews]:
        yield CallerHere()
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        await self.sound_out.aclose()


class OurSeat(Seat):
    def __init__(self, folder: Path | None, warm: Warm, **more: Any) -> None:
        """`more` goes to its `OurCall`."""
        self._folder, self._warm, self._more = folder, warm, more
        self._sound_in, self._stt = PushedInput(), OracleSTT()

    async def open(self) -> None:
        line = MemoryLine(self, self._sound_in)

        async def open_line(_terms: CallTerms, _rate_hz: int) -> MemoryLine:
            return line

        self._call = OurCall(self, self._stt, open_line, self._warm, self._folder, **self._more)
        await asyncio.sleep(0.02)

    async def push(self, pcm: bytes) -> None:
        self._sound_in.push(pcm)

    async def hear_partial(self, words: str) -> None:
        self._stt.tell(stt.SpeechEventType.INTERIM_TRANSCRIPT, words)

    async def hear_final(self, words: str) -> None:
        self._stt.tell(stt.SpeechEventType.FINAL_TRANSCRIPT, words)

    async def aclose(self) -> None:
        """Ends the call in order."""
        await self._call.aclose()


def prepare() -> Warm:
    """As a call process does before its first call."""
    logging.disable(logging.CRITICAL)
    prepare_process()
    settle_heap()
    return Warm()


if __name__ == "__main__":
    uvloop.install()
    warm = prepare()
    keeps = "alone" not in parse_arguments().option
    folder = Path(tempfile.mkdtemp(prefix="bench-loop-")) if keeps else None
    run("ours", lambda: OurSeat(folder, warm))
