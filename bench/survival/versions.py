"""A worker of an earlier version beside one of this version, on this version's schema.

`python -m bench.survival.versions REVISION` runs 8 scripted calls over both, drains the old worker under
them, and says how they ended. Nothing may fail.
"""

import asyncio
import io
import os
import signal
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.survival.stack import show
from callmissed.domain.sessions import EndReason, Status
from callmissed.runtime.children import Command, spawn
from callmissed.services import sessions
from callmissed.store.database import Database
from callmissed.store.migrations import upgrade
from tests.servers import running_postgres, short_folder
from tests.worker.sessions import Stage, open_stage
from tests.worker.terms import ROOT
from tests.worker.test_parent import Theatre, Worker, has_ended, is_active

CALLS = 8
SLOTS = 4


async def main(revision: str) -> None:
    with short_folder() as folder:
        earlier = folder / "earlier"
        _unpack(revision, earlier)
        async with running_postgres(folder) as url:
            url = url.replace("postgresql:", "postgresql+psycopg:")
            await asyncio.to_thread(upgrade, url)
            database = Database(url)
            stage = await open_stage(database)
            theatre = Theatre(stage, url, folder)
            async with (
                _worker_of(earlier, url, folder / "old") as old,
                theatre.worker(slots=SLOTS, host="new"),
            ):
                show(await _run_calls(theatre, stage, old))
            await database.dispose()


async def _run_calls(theatre: Theatre, stage: Stage, old: Worker) -> dict[str, object]:
    opened = [await theatre.open_session("arrive say wait") for _ in range(CALLS)]
    for session_id in opened:
        await theatre.until(session_id, is_active)
    async with stage.database.system() as db:
        held = await db.connection.exec_driver_sql(
            "select w.name, count(*) from voice_sessions s join workers w on w.id = s.worker_id "
            "group by w.name, w.id"
        )
        shares = [count for _, count in held]
    old.process.send_signal(signal.SIGTERM)
    for session_id in opened:
        async with stage.database.tenant(stage.tenant_id) as db:
            await sessions.end_session(db, session_id, EndReason.API_DELETE)
    ended = [await theatre.until(session_id, has_ended) for session_id in opened]
    left = await old.leave()
    later = await theatre.open_session("arrive say")
    after = await theatre.until(later, has_ended)
    return {
        "calls_of_each_version": sorted(shares),
        "ends": dict(Counter(f"{one.status}/{one.end_reason}" for one in ended)),
        "turns": sum(one.turn_count for one in ended),
        "old_worker_left_with": left,
        "a_call_afterwards": after.status is Status.COMPLETED,
    }


def _unpack(revision: str, folder: Path) -> None:
    packed = subprocess.run(
        ["git", "archive", revision], cwd=ROOT, capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")


@asynccontextmanager
async def _worker_of(tree: Path, url: str, data_dir: Path) -> AsyncIterator[Worker]:
    env = {
        **os.environ,
        "PYTHONPATH": f"{tree / 'src'}:{tree}",
        "CALLMISSED_DATA_DIR": str(data_dir),
        "CALLMISSED_SECRET": "secret-of-the-tests-for-callmissed",
        "CALLMISSED_WORKER_PROCESSES": "1",
        "CALLMISSED_WORKER_SLOTS": str(SLOTS),
        "DATABASE_URL": url,
        "LIVEKIT_URL": "ws://127.0.0.1:1",
        "LIVEKIT_API_KEY": "unused",
        "LIVEKIT_API_SECRET": "secret-of-the-tests-livekit-server",
    }
    argv = (sys.executable, "-m", "tests.worker.scripted_parent")
    worker = Worker(await spawn(Command(argv, env, cwd=tree), stdout=None, stderr=None))
    try:
        yield worker
    finally:
        if worker.process.returncode is None:
            worker.process.kill()
        await worker.process.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
