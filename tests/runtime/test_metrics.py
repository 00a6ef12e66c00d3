"""What Prometheus reads of a call: its turns, as the transcript tells them, and nobody's words."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from callmissed.domain.calls import CallEnded, TurnFinished
from callmissed.domain.sessions import EndReason
from callmissed.kit.clock import utc_now
from callmissed.runtime.call_metrics import CallMetrics
from callmissed.runtime.embedded.ports import free_ports
from callmissed.runtime.metrics import Board, serve_metrics
from callmissed.runtime.wire import Numbered
from tests.runtime.watched_calls import open_parent
from tests.voice.callers import load_words
from tests.voice.fakes import scripted_models
from tests.voice.running import start_call
from tests.worker.scripted_child import scripted_turn

HOST = "127.0.0.1"
QUESTION, ANSWER = "when are you open on saturday", "On Saturday we are open."
BRIEFLY = load_words()[: int(16000 * 1.1)]

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scrape(port: int) -> Samples:
    """Every sample of the page by its name and labels."""
    async with httpx2.AsyncClient() as client:
        answer = await client.get(f"http://{HOST}:{port}/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of(samples: Samples, name: str, **labels: str) -> float:
    return samples[f"callmissed_{name}", frozenset(labels.items())]


async def test_a_call_is_on_the_page_with_its_turns(tmp_path: Path) -> None:
    (port,) = free_ports(HOST, 1)
    board = Board("worker")
    metrics = CallMetrics(board)
    async with serve_metrics(board, HOST, port), open_parent(tmp_path, [metrics.note]) as parent:
        session_id = uuid4()
        call = start_call(
            scripted_models([QUESTION], [ANSWER]),
            session_id=session_id,
            sink=parent.expect(session_id),
        )
        await call.notes.until(lambda notes: len(notes.turns) == 1)
        await call.line.microphone.say(BRIEFLY)
        await call.notes.until(lambda notes: len(notes.turns) == 2)
        await call.hang_up()
        assert not await parent.shipper.ship_once()
        waiting, _ = parent.shipper.look_at_backlog()
        assert waiting == len(call.notes.all)
        samples = await scrape(port)
    turn = call.notes.turns[1]
    assert of(samples, "turns_total", outcome="own_accord") == 1
    assert of(samples, "turns_total", outcome="answered") == 1
    assert turn.first_audio_ms is not None
    assert of(samples, "turn_first_audio_seconds_count") == 1
    assert of(samples, "turn_first_audio_seconds_sum") == turn.first_audio_ms / 1000
    for stage, took_ms in turn.stages.items():
        assert of(samples, "turn_stage_seconds_sum", stage=stage) == took_ms / 1000
    assert of(samples, "calls_begun_total") == 1
    assert of(samples, "calls_ended_total", reason=call.notes.ends[0].reason) == 1
    assert of(samples, "caller_audio_seconds_total") == call.notes.ends[0].caller_audio_s
    assert ("process_cpu_seconds_total", frozenset()) in samples
    shown = str(samples)
    assert not any(words in shown for words in (QUESTION, ANSWER, str(session_id)))


def board_with(*turns: dict[str, object]) -> Board:
    """Shown turns that differ from a plain one."""
    board = Board("worker")
    metrics = CallMetrics(board)
    for seq, changes in enumerate(turns):
        turn = replace(scripted_turn(seq), **{"first_audio_ms": 400, **changes})  # type: ignore[arg-type]
        metrics.note(UUID(int=1), 1, Numbered(seq, utc_now(), TurnFinished(turn)))
    return board


def read(board: Board, name: str, **labels: str) -> float | None:
    return board.registry.get_sample_value(f"callmissed_{name}", labels)


def test_what_went_wrong_in_turns_is_counted() -> None:
    left = {"service": "llm", "model": "m", "provider": "p", "after": False}
    trace = {
        "failure": "llm: NothingSaidError",
        "fallbacks": [{**left, "reason": "APIStatusError 503"}, {**left, "reason": "circuit open"}],
        "fillers": ["One moment."],
        "false_alarms": 2,
        "stt": {
            "model": "ears",
            "reconnects": 3,
            "left": [{"provider": "s", "model": "ears", "reason": "lost"}],
        },
        "tools": [{"outcome": "done", "took_ms": 120}],
        "speculation": {"used": True, "early_ms": 250, "thrown_away": 1},
        "over_budget": {"first_audio": 890},
    }
    board = board_with({"trace": trace}, {})
    assert read(board, "turns_failed_total", service="llm") == 1
    assert read(board, "fallbacks_total", service="llm", provider="p") == 2
    error = {"service": "llm", "provider": "p"}
    assert read(board, "provider_errors_total", **error, kind="APIStatusError 503") == 1
    assert read(board, "provider_errors_total", **error, kind="circuit open") is None
    assert read(board, "fillers_total") == 1
    assert read(board, "false_alarms_total") == 2
    assert read(board, "stt_reconnects_total") == 3
    assert read(board, "provider_errors_total", service="stt", provider="s", kind="lost") == 1
    assert read(board, "tool_runs_total", outcome="done") == 1
    assert read(board, "tool_run_seconds_sum") == 0.12
    assert read(board, "guesses_total", outcome="used") == 1
    assert read(board, "guesses_total", outcome="thrown_away") == 1
    assert read(board, "turn_early_seconds_sum") == 0.25
    assert read(board, "turns_over_budget_total", stage="first_audio") == 1
    assert read(board, "turns_total", outcome="answered") == 2


def test_interrupted_and_unanswered_turns_are_told_apart() -> None:
    board = board_with(
        {"interrupted": True, "stop_ms": 180},
        {"first_audio_ms": None},
        {"user_transcript": None, "interrupted": True},
    )
    assert read(board, "turns_total", outcome="interrupted") == 1
    assert read(board, "turns_total", outcome="unanswered") == 1
    assert read(board, "turns_total", outcome="own_accord") == 1
    assert read(board, "turn_stop_seconds_sum") == 0.18


def test_turns_from_10_ms_to_10_s_fall_into_buckets_of_their_own() -> None:
    board = board_with(*({"first_audio_ms": ms} for ms in (10, 300, 890, 9_999, 20_000)))
    name = "turn_first_audio_seconds_bucket"
    assert [read(board, name, le=le) for le in ("0.01", "0.3", "0.9", "10.0", "+Inf")] == [
        *(1.0, 2.0, 3.0, 4.0, 5.0)
    ]


async def test_a_port_that_is_taken_stops_nobody() -> None:
    (port,) = free_ports(HOST, 1)
    async with serve_metrics(Board("api"), HOST, port):
        async with serve_metrics(Board("jobs"), HOST, port):
            pass
        assert await scrape(port)


async def test_without_a_port_nothing_is_served() -> None:
    board = Board("api")
    async with serve_metrics(board, HOST, None):
        assert not board.rows


async def test_a_note_is_shown_once_however_often_it_is_read(tmp_path: Path) -> None:
    seen: list[int] = []

    def fail(*_note: object) -> None:
        raise RuntimeError("a watch fails")

    watches = [fail, lambda _session, _epoch, item: seen.append(item.seq)]
    async with open_parent(tmp_path, watches) as parent:
        sink = parent.expect(uuid4())
        sink.put(TurnFinished(scripted_turn(0)))
        for _ in range(2):
            await parent.shipper.ship_once()
        sink.put(CallEnded(EndReason.USER_LEFT, 1.0, 1.0))
        await parent.shipper.ship_once()
    assert seen == [0, 1]
