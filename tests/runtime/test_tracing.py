"""What a collector of OpenTelemetry gets of a call: one trace a session, and nobody's words."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from callmissed.domain.calls import CallEnded, CallerArrived, TurnFinished
from callmissed.domain.sessions import EndReason
from callmissed.kit.clock import utc_now
from callmissed.runtime.tracing import lay_out_parts, open_traces
from callmissed.runtime.wire import Numbered
from tests.runtime.watched_calls import open_parent, running_collector
from tests.voice.callers import load_words
from tests.voice.fakes import scripted_models
from tests.voice.running import start_call
from tests.worker.scripted_child import scripted_turn

QUESTION, ANSWER = "when are you open on saturday", "On Saturday we are open."
BRIEFLY = load_words()[: int(16000 * 1.1)]


def took_ms(span: Span) -> int:
    return round((span.end_time_unix_nano - span.start_time_unix_nano) / 1e6)


async def test_a_call_is_one_trace_of_its_turns_and_their_stages(tmp_path: Path) -> None:
    session_id = uuid4()
    async with running_collector() as collector, open_traces(collector.url) as traces:
        assert traces is not None
        async with open_parent(tmp_path, [traces.note]) as parent:
            call = start_call(
                scripted_models([QUESTION], [ANSWER]),
                session_id=session_id,
                sink=parent.expect(session_id),
            )
            await call.notes.until(lambda notes: len(notes.turns) == 1)
            await call.line.microphone.say(BRIEFLY)
            await call.notes.until(lambda notes: len(notes.turns) == 2)
            await call.hang_up()
            await parent.shipper.ship_once()
    turn = call.notes.turns[1]
    (whole,) = collector.named("call")
    greeted, asked = collector.named("turn")
    assert {span.trace_id for span in collector.spans} == {session_id.bytes}
    assert whole.parent_span_id == b""
    assert greeted.parent_span_id == asked.parent_span_id == whole.span_id
    stages = [span for span in collector.spans if span.parent_span_id == asked.span_id]
    told = {span.name: took_ms(span) for span in stages}
    spoken = {name: told.pop(name) for name in ("caller_speaks", "agent_speaks")}
    assert told == {name: ms for name, ms in turn.stages.items() if ms}
    assert spoken["caller_speaks"] == turn.speech_ms
    attributes = {one.key: one.value for one in asked.attributes}
    assert attributes["callmissed.first_audio_ms"].int_value == turn.first_audio_ms
    assert attributes["callmissed.session_id"].string_value == str(session_id)
    assert {told["service.name"] for told in collector.resources} == {"callmissed"}
    for words in (QUESTION, ANSWER):
        assert not any(words.encode() in body for body in collector.bodies)


async def test_the_same_notes_make_the_same_spans() -> None:
    session_id, at = uuid4(), utc_now()
    notes = [
        Numbered(0, at, CallerArrived()),
        Numbered(1, at, TurnFinished(scripted_turn(0))),
        Numbered(2, at + timedelta(seconds=2), CallEnded(EndReason.ERROR, 1.0, 1.0, "secret")),
    ]
    async with running_collector() as collector:
        for _ in range(2):
            async with open_traces(collector.url) as traces:
                assert traces is not None
                for note in notes:
                    traces.note(session_id, 1, note)
    ids = [span.span_id for span in collector.spans]
    assert len(ids) == 2 * len(set(ids))
    first, again = collector.named("call")
    assert first == again
    assert took_ms(first) == 2000
    assert first.status.code == Status.STATUS_CODE_ERROR
    assert not any(b"secret" in body for body in collector.bodies)


async def test_a_later_run_of_a_call_is_another_span_of_its_trace() -> None:
    session_id = uuid4()
    async with running_collector() as collector, open_traces(collector.url) as traces:
        assert traces is not None
        for epoch in (1, 2):
            note = TurnFinished(scripted_turn(0))
            traces.note(session_id, epoch, Numbered(0, utc_now(), note))
    first, second = collector.named("turn")
    assert first.trace_id == second.trace_id == session_id.bytes
    assert first.parent_span_id != second.parent_span_id


async def test_a_collector_that_is_away_holds_nobody_up() -> None:
    async with open_traces("http://127.0.0.1:9") as traces:
        assert traces is not None
        traces.note(uuid4(), 1, Numbered(0, utc_now(), CallEnded(EndReason.USER_LEFT, 1.0, 1.0)))


async def test_without_a_collector_there_are_no_traces() -> None:
    async with open_traces(None) as traces:
        assert traces is None


def test_the_parts_of_a_turn_follow_each_other() -> None:
    stages = {"end_of_turn": 300, "retrieval": 0, "llm_first_token": 150}
    turn = replace(scripted_turn(0), speech_ms=1000, stages=stages, duration_ms=2000)
    parts = lay_out_parts(turn)
    assert [name for name, _, _ in parts] == [
        *("caller_speaks", "end_of_turn", "llm_first_token", "agent_speaks")
    ]
    assert parts[0][1] == turn.created_at
    assert all(before[2] == after[1] for before, after in pairwise(parts))
