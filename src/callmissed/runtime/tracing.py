"""Calls and turns as spans of OpenTelemetry: the same notes that become the transcript.

A session's trace has the session's id (a UUID is as long as a W3C trace id), each run of it, each
turn and each stage an id made from its place: whoever exports a note twice writes the same spans.
No span holds what was said.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import UUID

from callmissed.domain.calls import CallEnded, TurnFinished
from callmissed.domain.sessions import EndReason
from callmissed.domain.turns import Turn
from callmissed.runtime.wire import Numbered

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

    from callmissed.runtime.span_ids import PlannedIds

EXPORT_TIMEOUT_S = 5.0
LAST_SPANS_S = 3.0
MAX_OPEN_RUNS = 10_000
NAME = "callmissed"

Attributes = Mapping[str, str | int | float | bool]


class CallTraces:
    """Give it each note once, those of one call in their order."""

    def __init__(self, provider: TracerProvider, ids: PlannedIds) -> None:
        self._tracer = provider.get_tracer(NAME)
        self._ids = ids
        self._begun: dict[tuple[UUID, int], datetime] = {}

    def note(self, session_id: UUID, epoch: int, item: Numbered) -> None:
        run = (session_id, epoch)
        match item.note:
            case TurnFinished(turn=turn):
                self._remember(run, turn.created_at)
                self._write_turn(run, item.seq, turn)
            case CallEnded() as end:
                self._write_call(run, self._begun.pop(run, item.at), item.at, end)
            case _:
                self._remember(run, item.at)

    def _remember(self, run: tuple[UUID, int], at: datetime) -> None:
        """A run whose process died never ends: the oldest are forgotten."""
        self._begun.setdefault(run, at)
        if len(self._begun) > MAX_OPEN_RUNS:
            del self._begun[next(iter(self._begun))]

    def _write_call(
        self, run: tuple[UUID, int], begun: datetime, ended: datetime, end: CallEnded
    ) -> None:
        told = {
            "callmissed.end_reason": end.reason.value,
            "callmissed.caller_audio_s": end.caller_audio_s,
            "callmissed.agent_audio_s": end.agent_audio_s,
        }
        span = self._begin(run, (), "call", begun, told)
        if end.reason is EndReason.ERROR:
            _mark_failed(span, end.reason.value)
        span.end(_ns(ended))

    def _write_turn(self, run: tuple[UUID, int], seq: int, turn: Turn) -> None:
        ended = turn.created_at + timedelta(milliseconds=turn.duration_ms)
        span = self._begin(run, (seq,), "turn", turn.created_at, _describe(seq, turn))
        for left in turn.trace.get("fallbacks", ()):
            told = {name: left[name] for name in ("service", "model", "reason")}
            span.add_event("fallback", told, _ns(ended))
        for used in turn.trace.get("tools", ()):
            told = {name: used[name] for name in ("tool", "outcome", "took_ms")}
            span.add_event("tool", told, _ns(ended))
        if failure := turn.trace.get("failure"):
            _mark_failed(span, failure)
        span.end(_ns(ended))
        for name, begun, over in lay_out_parts(turn):
            self._begin(run, (seq, name), name, begun, {}).end(_ns(over))

    def _begin(
        self,
        run: tuple[UUID, int],
        place: tuple[int | str, ...],
        name: str,
        at: datetime,
        attributes: Attributes,
    ) -> Span:
        session_id, epoch = run
        told = {"callmissed.session_id": str(session_id), "callmissed.epoch": epoch, **attributes}
        parent = span_id_of(session_id, epoch, *place[:-1]) if place else None
        context = self._ids.plan(session_id.int, span_id_of(session_id, epoch, *place), parent)
        return self._tracer.start_span(name, context, attributes=told, start_time=_ns(at))


def lay_out_parts(turn: Turn) -> list[tuple[str, datetime, datetime]]:
    """The caller's words, the stages behind them, and the agent's words, each with its beginning and
    its end; those that took no time are left out.
    """
    at = turn.created_at + timedelta(milliseconds=turn.speech_ms)
    parts = [("caller_speaks", turn.created_at, at)]
    for stage, took_ms in turn.stages.items():
        parts.append((stage, at, at := at + timedelta(milliseconds=took_ms)))
    parts.append(("agent_speaks", at, turn.created_at + timedelta(milliseconds=turn.duration_ms)))
    return [part for part in parts if part[2] > part[1]]


def span_id_of(*place: UUID | int | str) -> int:
    """64 bits that only this place has."""
    text = "/".join(map(str, place))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") or 1


@asynccontextmanager
async def open_traces(endpoint: str | None) -> AsyncIterator[CallTraces | None]:
    """Exports to the collector at `endpoint` meanwhile, by OTLP over HTTP, from a thread of its own;
    None without one. The headers, certificates and resource attributes are those of OpenTelemetry's
    own variables. What a collector does not take in time is dropped.
    """
    if endpoint is None:
        yield None
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    from callmissed.runtime.span_ids import PlannedIds

    ids = PlannedIds()
    exporter = OTLPSpanExporter(
        endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_TIMEOUT_S
    )
    provider = TracerProvider(
        sampler=ALWAYS_ON,
        resource=Resource.create({"service.name": NAME}),
        id_generator=ids,
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield CallTraces(provider, ids)
    finally:
        giving_up = threading.Timer(LAST_SPANS_S, exporter.shutdown)
        giving_up.start()
        await asyncio.to_thread(provider.shutdown)
        giving_up.cancel()


def _describe(seq: int, turn: Turn) -> dict[str, Any]:
    told: dict[str, Any] = {
        "callmissed.seq": seq,
        "callmissed.language": turn.language,
        "callmissed.interrupted": turn.interrupted,
        "callmissed.llm_attempts": turn.llm_attempts,
        "callmissed.over_budget": sorted(turn.trace.get("over_budget", ())),
        "callmissed.fillers": len(turn.trace.get("fillers", ())),
        "gen_ai.request.model": turn.llm_model,
        **{
            f"callmissed.{name}": getattr(turn, name)
            for name in ("stt_ms", "endpoint_ms", "retrieval_ms", "first_audio_ms", "stop_ms")
        },
    }
    for name, value in turn.trace.get("speculation", {}).items():
        told[f"callmissed.speculation.{name}"] = value
    return {name: value for name, value in told.items() if value is not None}


def _mark_failed(span: Span, reason: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_status(Status(StatusCode.ERROR, reason))


def _ns(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) * 1000
