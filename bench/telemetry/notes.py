"""`python -m bench.telemetry.notes`: what telling one turn takes, in microseconds: in the call's own
process (an append to its journal) and in the worker's parent (reading, counting, tracing).
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from bench.loop.percentiles import percentile
from callmissed.domain.budgets import STAGES
from callmissed.domain.calls import TurnFinished
from callmissed.kit.clock import utc_now
from callmissed.kit.journal import JournalTail, JournalWriter
from callmissed.runtime.call_metrics import CallMetrics
from callmissed.runtime.metrics import Board
from callmissed.runtime.sink import JournalSink
from callmissed.runtime.tracing import open_traces
from callmissed.runtime.wire import Numbered, decode_record
from tests.runtime.watched_calls import running_collector
from tests.worker.scripted_child import scripted_turn

TURNS = 2000


async def main() -> None:
    session_id = uuid4()
    turn = replace(
        scripted_turn(0),
        first_audio_ms=600,
        stages=dict.fromkeys(STAGES, 100),
        trace={"speculation": {"used": True, "early_ms": 250, "thrown_away": 0}},
    )
    note = TurnFinished(turn)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "call.journal"
        sink = JournalSink(session_id, 1, JournalWriter(path), lambda _message: None)
        show("call process: note a turn", lambda _number: sink.put(note))
        records = JournalTail(path).read_new()
    show("parent: read it", lambda number: decode_record(records[number]))
    metrics = CallMetrics(Board("worker"))
    items = [Numbered(number, utc_now(), note) for number in range(TURNS)]
    show("parent: count it", lambda number: metrics.note(session_id, 1, items[number]))
    async with running_collector() as collector, open_traces(collector.url) as traces:
        assert traces is not None
        show("parent: trace it", lambda number: traces.note(session_id, 1, items[number]))


def show(name: str, work: Callable[[int], object]) -> None:
    took_us = []
    for number in range(TURNS):
        began_s = time.perf_counter()
        work(number)
        took_us.append((time.perf_counter() - began_s) * 1e6)
    p50, p95, p99 = (percentile(took_us, share) for share in (50, 95, 99))
    print(f"{name}: {p50:.0f} / {p95:.0f} / {p99:.0f} us (p50 / p95 / p99)")


if __name__ == "__main__":
    asyncio.run(main())
