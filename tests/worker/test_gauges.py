"""What a worker shows of its call processes."""

from pathlib import Path
from uuid import uuid4

from callmissed.domain.calls import TurnFinished
from callmissed.domain.models import Access, Provider
from callmissed.providers import Warm
from callmissed.runtime.metrics import Board
from callmissed.runtime.wire import Beat, decode_to_parent, encode_to_parent
from callmissed.worker.gauges import WorkerMetrics
from tests.runtime.watched_calls import open_parent
from tests.worker.scripted_child import scripted_turn


class TwoProcesses:
    """Two, with a call each."""

    def __init__(self) -> None:
        self.running = {uuid4(): 1, uuid4(): 1}
        self.pids = [1, 2]
        self.deaths = 0
        self.breakers: list[dict[str, dict[str, int]]] = []


async def test_a_worker_shows_its_slots_breakers_deaths_and_journals(tmp_path: Path) -> None:
    board, processes = Board("worker"), TwoProcesses()
    metrics = WorkerMetrics(board)

    def read(name: str, **labels: str) -> float | None:
        return board.registry.get_sample_value(f"callmissed_{name}", labels)

    async with open_parent(tmp_path, []) as parent:
        processes.breakers = [{"sarvam": {"open": 1}}, {"sarvam": {"open": 1, "closed": 2}}]
        processes.deaths = 2
        parent.expect(uuid4()).put(TurnFinished(scripted_turn(0)))
        await parent.shipper.ship_once()
        metrics.look(processes, parent.shipper, slots=16, free_slots=14)
        assert read("calls_running") == 2
        assert (read("slots"), read("slots_free")) == (16, 14)
        assert read("call_process_deaths_total") == 2
        assert read("circuit_breakers", provider="sarvam", state="open") == 2
        assert read("circuit_breakers", provider="sarvam", state="closed") == 2
        assert read("journal_notes_waiting") == 1
        assert (read("journal_lag_seconds") or 0) > 0
        processes.breakers = [{"sarvam": {"closed": 3}}]
        metrics.look(processes, parent.shipper, slots=16, free_slots=14)
        assert read("circuit_breakers", provider="sarvam", state="open") is None
        assert read("call_process_deaths_total") == 2


def test_a_beat_tells_how_the_breakers_stand() -> None:
    warm = Warm()
    for owner in ("one", "another"):
        breaker = warm.breaker_of(Access(Provider("sarvam", wire="sarvam"), owner=owner))
    for _ in range(3):
        breaker.failed()
    beat = Beat(1, 4.0, warm.count_breakers())
    assert decode_to_parent(encode_to_parent(beat)) == beat
    assert beat.breakers == {"sarvam": {"closed": 1, "open": 1}}
    assert decode_to_parent(b'{"say":"beat","calls":1,"lag_ms":4.0}') == Beat(1, 4.0)
