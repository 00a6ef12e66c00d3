"""What one process counts and measures, and the private port on which Prometheus reads it.

No label holds a tenant, a session or a word of anybody's: each has few values, all of them ours.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)

from callmissed.kit.loop_lag import LagMeter

PREFIX = "callmissed_"
TURN_BUCKETS_S = (
    *(0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5),
    *(0.6, 0.75, 0.9, 1.2, 1.5, 2.0, 2.5, 4.0, 6.0, 10.0),
)
LAG_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
REQUEST_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
LAG_EVERY_S = 1.0

Metric = TypeVar("Metric", Counter, Gauge, Histogram)

log = structlog.get_logger("callmissed.metrics")


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric as the reference page shows it, under the name that Prometheus reads."""

    process: str
    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


class Board:
    """All metrics of one process; `rows` are what was put on it. Names follow Prometheus: seconds,
    `_total` for what only grows.
    """

    def __init__(self, process: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.process = process
        self.registry = CollectorRegistry()
        self.rows: list[MetricRow] = []
        ProcessCollector(registry=self.registry)

    def count(self, name: str, meaning: str, *labels: str) -> Counter:
        """Something that happens; its name is shown with `_total`."""
        self._note(f"{name}_total", "counter", labels, meaning)
        return Counter(PREFIX + name, meaning, labels, registry=self.registry)

    def show(self, name: str, meaning: str, *labels: str) -> Gauge:
        """Something that goes up and down."""
        self._note(name, "gauge", labels, meaning)
        return Gauge(PREFIX + name, meaning, labels, registry=self.registry)

    def measure(
        self, name: str, meaning: str, *labels: str, buckets: tuple[float, ...] = TURN_BUCKETS_S
    ) -> Histogram:
        """How long something takes."""
        self._note(name, "histogram", labels, meaning)
        return Histogram(PREFIX + name, meaning, labels, buckets=buckets, registry=self.registry)

    def _note(self, name: str, kind: str, labels: tuple[str, ...], meaning: str) -> None:
        self.rows.append(MetricRow(self.process, PREFIX + name, kind, labels, meaning))


@asynccontextmanager
async def serve_metrics(board: Board, host: str, port: int | None) -> AsyncIterator[None]:
    """The board on `http://host:port/metrics` meanwhile, from a thread of its own, with how late
    this loop is on it. Nothing is served without a port. One that is taken is told to the log and
    stops nobody.
    """
    if port is None:
        yield
        return
    watching = asyncio.create_task(LoopMetrics(board).run(), name="watch lag")
    try:
        server, thread = await asyncio.to_thread(start_http_server, port, host, board.registry)
    except OSError as error:
        log.warning("metrics_not_served", host=host, port=port, exc_info=error)
        server = None
    try:
        yield
    finally:
        watching.cancel()
        if server is not None:
            await asyncio.to_thread(server.shutdown)
            server.server_close()
            thread.join()


class LoopMetrics:
    """How late the event loop of this process is."""

    def __init__(self, board: Board) -> None:
        self._lag_s = board.measure(
            "loop_lag_seconds",
            "How late the event loop was at worst, each second.",
            buckets=LAG_BUCKETS_S,
        )

    async def run(self) -> None:
        """Measures for ever."""
        meter = LagMeter()
        sampling = asyncio.create_task(meter.run(), name="sample lag")
        try:
            while True:
                await asyncio.sleep(LAG_EVERY_S)
                self._lag_s.observe(meter.take_ms() / 1000)
        finally:
            sampling.cancel()
