"""A call in this process whose notes go through a journal to what a worker's parent does with them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from callmissed.kit.journal import JournalWriter
from callmissed.runtime.embedded.ports import free_ports
from callmissed.runtime.shipping import Shipper, Watch
from callmissed.runtime.sink import JournalSink
from callmissed.store.database import Database

NOBODY = "postgresql+psycopg://nobody@127.0.0.1:9/nothing"


@dataclass
class Collector:
    """Takes spans as an OpenTelemetry collector does, by OTLP over HTTP."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.bodies.append(body)
        for part in ExportTraceServiceRequest.FromString(body).resource_spans:
            told = {one.key: one.value.string_value for one in part.resource.attributes}
            self.resources.append(told)
            self.spans += [span for scope in part.scope_spans for span in scope.spans]
        return web.Response(content_type="application/x-protobuf")

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


@asynccontextmanager
async def running_collector() -> AsyncIterator[Collector]:
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    (port,) = free_ports("127.0.0.1", 1)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    collector.url = f"http://127.0.0.1:{port}"
    try:
        yield collector
    finally:
        await runner.cleanup()


@dataclass
class Parent:
    """Reads the journals of its sessions; the database is away the whole time."""

    shipper: Shipper

    def expect(self, session_id: UUID, epoch: int = 1) -> JournalSink:
        """The sink of a call that tells this parent."""
        writer = JournalWriter(self.shipper.expect(session_id, epoch))
        return JournalSink(session_id, epoch, writer, lambda _message: self.shipper.nudge())


@asynccontextmanager
async def open_parent(folder: Path, watches: Sequence[Watch]) -> AsyncIterator[Parent]:
    database = Database(NOBODY)
    try:
        yield Parent(Shipper(database, folder, watches=watches))
    finally:
        await database.dispose()
