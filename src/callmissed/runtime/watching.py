"""What a worker's parent does with the notes of calls beside shipping them: it counts, measures and
traces. Call processes know nothing of it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from callmissed.runtime.call_metrics import CallMetrics
from callmissed.runtime.metrics import Board, serve_metrics
from callmissed.runtime.settings import Settings
from callmissed.runtime.shipping import Watch
from callmissed.runtime.tracing import open_traces


@dataclass(frozen=True, slots=True)
class Watched:
    """The worker's metrics, and what is to be shown each note."""

    board: Board
    watches: tuple[Watch, ...]


@asynccontextmanager
async def watch_calls(settings: Settings) -> AsyncIterator[Watched]:
    """Metrics are served and traces exported meanwhile, as far as the settings say."""
    board = Board("worker")
    port = settings.metrics_port_of("worker")
    metrics = CallMetrics(board)
    async with (
        serve_metrics(board, settings.metrics_host, port),
        open_traces(settings.otlp_endpoint) as traces,
    ):
        watches: tuple[Watch, ...] = (metrics.note,)
        yield Watched(board, watches if traces is None else (*watches, traces.note))
