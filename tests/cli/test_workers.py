"""`callmissed worker drain` asks the workers of an installation through its database."""

import subprocess
import sys
from uuid import uuid4

from callmissed.domain.workers import Report, Worker
from callmissed.services import workers
from callmissed.store.database import Database
from tests.cli.test_tenants import Environment, environment

__all__ = ["environment"]


def drain(environment: Environment, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "callmissed", "worker", "drain", *words]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60)


async def test_workers_are_asked_by_their_host_or_all(environment: Environment) -> None:
    url = environment["DATABASE_URL"]
    database = Database(url)
    here, there = Worker(uuid4(), "here", slots=1), Worker(uuid4(), "there", slots=1)
    for worker in (here, there):
        async with database.system() as db:
            await workers.register(db, worker)

    async def is_asked(worker: Worker) -> bool:
        async with database.system() as db:
            standing = await workers.beat(db, worker.id, Report(1, 1))
        return standing is not None and standing.asked_to_drain

    assert drain(environment, "--host", "here").stdout == "1 asked to drain\n"
    assert (await is_asked(here), await is_asked(there)) == (True, False)
    assert drain(environment).stdout == "2 asked to drain\n"
    assert await is_asked(there)
    async with database.system() as db:
        await workers.retire(db, here.id)
    assert drain(environment).stdout == "1 asked to drain\n"
    await database.dispose()
