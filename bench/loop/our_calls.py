"""One of our calls as the benches run it: everything on, models that are the contract's oracles."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

from bench.loop.contract import Seat, now_s
from bench.loop.oracles import OracleLLM, OracleSTT, OracleTTS
from callmissed.domain.calls import (
    TURN_TAKING_PRESETS,
    CallDesk,
    CallNote,
    CallOrder,
    CallSink,
    CallTerms,
    OrderKind,
)
from callmissed.domain.models import Access, Candidate, Model, ModelStatus, Route, Service
from callmissed.domain.sessions import EndReason
from callmissed.kit.breaker import Breaker
from callmissed.kit.clock import Clock, utc_now
from callmissed.kit.journal import JournalWriter
from callmissed.providers import Models, Warm
from callmissed.runtime.call import run_call
from callmissed.runtime.desk import PassageDesk
from callmissed.runtime.joining import OpenLine
from callmissed.runtime.sink import JournalSink


def _model(service: Service) -> Model:
    return Model(f"oracle/{service}", service, "local", "oracle", ModelStatus.AVAILABLE, ("en",))


ROUTE = Route(_model(Service.STT), _model(Service.LLM), _model(Service.TTS), "", "en-IN", "en-IN")


class _Plan:
    def __init__(self, terms: CallTerms) -> None:
        self._terms = terms

    async def terms(self) -> CallTerms:
        return self._terms


class _Orders:
    """Nothing is ordered until the call is to end."""

    def __init__(self) -> None:
        self.end = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[CallOrder]:
        await self.end.wait()
        yield CallOrder(OrderKind.END, EndReason.API_DELETE)


class _Dropped:
    """A sink that keeps nothing."""

    def put(self, note: CallNote) -> None:
        return None


class OurCall:
    """`run_call` with oracles; with `folder` its notes go to a journal there, else nowhere. `desk`
    and `changes` of its terms are what it knows; without them nothing.

    Begun at once; `aclose` ends it as a `DELETE` would.
    """

    def __init__(
        self,
        seat: Seat,
        ears: OracleSTT,
        open_line: OpenLine,
        warm: Warm,
        folder: Path | None,
        room: tuple[str, str] = ("", ""),
        desk: CallDesk | None = None,
        changes: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._orders = _Orders()
        session_id = uuid4()
        self._journal = (
            None if folder is None else JournalWriter(folder / f"{session_id}-1.journal")
        )

        def build(*_parts: object) -> Models:
            breaker = Breaker(now_s)
            return Models(
                stt=(Candidate(ROUTE.stt, ears, breaker),),
                llm=(Candidate(ROUTE.llm, OracleLLM(seat), breaker),),
                tts=(Candidate(ROUTE.tts, OracleTTS(seat), breaker),),
            )

        call = run_call(
            _Plan(replace(terms(session_id, *room), **changes)),
            desk or PassageDesk(()),
            self._sink(session_id),
            self._orders,
            warm,
            open_line=open_line,
            build=build,
            clock=Clock(now=utc_now, monotonic_s=now_s),
        )
        self._task = asyncio.create_task(call)

    async def aclose(self) -> None:
        """Afterwards the call has ended in order; raises what it raised."""
        self._orders.end.set()
        await self._task
        if self._journal is not None:
            self._journal.close()

    def _sink(self, session_id: UUID) -> CallSink:
        if self._journal is None:
            return _Dropped()
        return JournalSink(session_id, 1, self._journal, lambda _message: None)


def terms(session_id: UUID, room_url: str = "", room_token: str = "") -> CallTerms:
    """Balanced turn taking, no greeting, no documents, no end by itself."""
    no_access: Mapping[str, Access] = {}
    return CallTerms(
        session_id=session_id,
        tenant_id=uuid4(),
        epoch=1,
        room="bench",
        room_url=room_url,
        room_token=room_token,
        system_prompt="You are a helpful voice assistant.",
        greeting=None,
        route=ROUTE,
        turn_taking=TURN_TAKING_PRESETS["balanced"],
        passages=(),
        max_duration_s=36_000.0,
        join_window_s=600.0,
        reconnect_window_s=20.0,
        silence_s=36_000.0,
        access=no_access,
    )
