"""The half of a worker's parent that reads calls' notes, in a process of its own: stores them, counts
and traces them, serves `/metrics`. `python -m bench.telemetry.parent --help`; ends at SIGTERM.
"""

import argparse
import asyncio
import contextlib
import logging
import signal
from pathlib import Path
from uuid import uuid4

import uvloop

from callmissed.domain.sessions import EndReason
from callmissed.domain.workers import Claim, Worker
from callmissed.runtime.call_metrics import CallMetrics
from callmissed.runtime.metrics import Board, serve_metrics
from callmissed.runtime.shipping import Shipper
from callmissed.runtime.tracing import open_traces
from callmissed.services import calls, workers
from callmissed.services.sessions import end_session
from callmissed.store.database import Database
from tests.worker.sessions import open_stage

LOOK_EVERY_S = 0.05
READY = "ready"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--journals", type=Path, required=True, help="folder below which they are")
    parser.add_argument("--links", type=Path, required=True, help="folder of the shipper")
    parser.add_argument("--sessions", type=int, required=True)
    parser.add_argument("--prepare", required=True, help="the database, to make the sessions in")
    parser.add_argument("--store", required=True, help="the database, as the shipper reaches it")
    parser.add_argument("--collector", required=True)
    parser.add_argument("--port", type=int, required=True, help="of /metrics")
    return parser.parse_args()


async def main() -> None:
    arguments = parse_arguments()
    logging.disable(logging.CRITICAL)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    claims = await open_sessions(arguments.prepare, arguments.sessions)
    board, database = Board("worker"), Database(arguments.store)
    async with (
        serve_metrics(board, "127.0.0.1", arguments.port),
        open_traces(arguments.collector) as traces,
    ):
        assert traces is not None
        watches = [CallMetrics(board).note, traces.note]
        shipper = Shipper(database, arguments.links, watches=watches)
        working = [
            asyncio.create_task(shipper.run()),
            asyncio.create_task(link_journals(arguments.journals, shipper, list(claims))),
        ]
        print(READY, flush=True)
        await stop.wait()
        for task in working:
            task.cancel()
        await asyncio.wait(working)
    with contextlib.suppress(Exception):
        await database.dispose()
    await end_sessions(arguments.prepare, claims)


async def open_sessions(url: str, count: int) -> list[Claim]:
    """Each of a tenant of its own, all claimed by one worker. Those of earlier modes have ended."""
    database = Database(url)
    worker = Worker(uuid4(), "bench", slots=2 * count)
    async with database.system() as db:
        await workers.register(db, worker)
    for _ in range(count):
        await (await open_stage(database)).open_session("-")
    async with database.system() as db:
        claims = await calls.claim_sessions(db, worker.id, count)
    await database.dispose()
    assert len(claims) == count
    return claims


async def end_sessions(url: str, claims: list[Claim]) -> None:
    database = Database(url)
    async with database.system() as db:
        for claim in claims:
            await end_session(db, claim.session_id, EndReason.API_DELETE)
    await database.dispose()


async def link_journals(folder: Path, shipper: Shipper, claims: list[Claim]) -> None:
    """Has each new journal shipped as that of the next session."""
    linked: set[Path] = set()
    while True:
        for path in sorted(folder.glob("*/*.journal")):
            if path not in linked and not path.is_symlink() and claims:
                claim = claims.pop()
                shipper.expect(claim.session_id, claim.epoch).symlink_to(path)
                linked.add(path)
        await asyncio.sleep(LOOK_EVERY_S)


if __name__ == "__main__":
    uvloop.run(main())
