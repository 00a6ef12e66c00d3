"""Our call, whole: voice activity, journal on disk, captions, meters, heard text.

`--option alone` leaves journal and captions out, to see what they cost.
"""

import asyncio
import gc
import logging
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from uuid import uuid4

import uvloop
from livekit.agents import stt

from bench.loop.contract import OUT_HZ, Seat
from bench.loop.lines import Earpiece, PushedInput
from bench.loop.oracles import OracleLLM, OracleSTT, OracleTTS
from bench.loop.running import parse_arguments, run
from callmissed.domain.calls import TURN_TAKING_PRESETS, CallNote, CallOrder, CallTerms
from callmissed.domain.lines import AgentState, CallerHere, LineNews, Party
from callmissed.domain.models import Access, Candidate, Model, ModelStatus, Route, Service
from callmissed.kit.breaker import Breaker
from callmissed.kit.journal import JournalWriter
from callmissed.providers import Models, Warm
from callmissed.runtime.call import prepare_process, run_call
from callmissed.runtime.desk import PassageDesk
from callmissed.runtime.sink import JournalSink
from callmissed.transports.paced_output import PacedOutput


def _model(service: Service) -> Model:
    return Model(f"oracle/{service}", service, "local", "oracle", ModelStatus.AVAILABLE, ("en",))


ROUTE = Route(_model(Service.STT), _model(Service.LLM), _model(Service.TTS), "", "en-IN", "en-IN")


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


class Plan:
    def __init__(self, terms: CallTerms) -> None:
        self._terms = terms

    async def terms(self) -> CallTerms:
        return self._terms


class NoOrders:
    async def __aiter__(self) -> AsyncIterator[CallOrder]:
        await asyncio.Event().wait()
        yield  # type: ignore[misc]


class Dropped:
    """A sink that keeps nothing."""

    def put(self, note: CallNote) -> None:
        return None


class OurSeat(Seat):
    def __init__(self, folder: Path, preset: str, *, keeps: bool, warm: Warm) -> None:
        self._folder, self._preset, self._keeps, self._warm = folder, preset, keeps, warm
        self._sound_in, self._stt = PushedInput(), OracleSTT()

    async def open(self) -> None:
        session_id = uuid4()
        sink = Dropped() if not self._keeps else self._journal(session_id)
        line = MemoryLine(self, self._sound_in)

        async def open_line(_terms: CallTerms, _rate_hz: int) -> MemoryLine:
            return line

        def build(*_parts: object) -> Models:
            breaker = Breaker(time.monotonic)
            return Models(
                stt=(Candidate(ROUTE.stt, self._stt, breaker),),
                llm=(Candidate(ROUTE.llm, OracleLLM(self), breaker),),
                tts=(Candidate(ROUTE.tts, OracleTTS(self), breaker),),
            )

        call = run_call(
            Plan(_terms(session_id, self._preset)),
            PassageDesk(()),
            sink,
            NoOrders(),
            self._warm,
            open_line=open_line,
            build=build,
        )
        self._task = asyncio.create_task(call)
        await asyncio.sleep(0.02)

    async def push(self, pcm: bytes) -> None:
        self._sound_in.push(pcm)

    async def hear_partial(self, words: str) -> None:
        self._stt.tell(stt.SpeechEventType.INTERIM_TRANSCRIPT, words)

    async def hear_final(self, words: str) -> None:
        self._stt.tell(stt.SpeechEventType.FINAL_TRANSCRIPT, words)

    def _journal(self, session_id: object) -> JournalSink:
        writer = JournalWriter(self._folder / f"{session_id}-1.journal")
        return JournalSink(session_id, 1, writer, lambda _message: None)  # type: ignore[arg-type]


def _terms(session_id: object, preset: str) -> CallTerms:
    no_access: Mapping[str, Access] = {}
    return CallTerms(
        session_id=session_id,  # type: ignore[arg-type]
        tenant_id=uuid4(),
        epoch=1,
        room="bench",
        room_url="",
        room_token="",
        system_prompt="You are a helpful voice assistant.",
        greeting=None,
        route=ROUTE,
        turn_taking=TURN_TAKING_PRESETS[preset],
        passages=(),
        max_duration_s=36_000.0,
        join_window_s=600.0,
        reconnect_window_s=20.0,
        access=no_access,
    )


def freeze() -> None:
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    uvloop.install()
    prepare_process()
    options = parse_arguments().option
    folder = Path(tempfile.mkdtemp(prefix="bench-loop-"))
    warm = Warm()
    run(
        "ours", lambda: OurSeat(folder, "balanced", keeps="alone" not in options, warm=warm), freeze
    )
