"""Reads a PDF of 300 pages into a database again and again, until its input ends; then it tells how long
each reading took, in seconds. `python -m bench.knowledge.reader DATABASE_URL`.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator

from callmissed.domain.audit import SYSTEM
from callmissed.domain.knowledge import Origin
from callmissed.runtime.house import open_house
from callmissed.runtime.reading import read_document
from callmissed.runtime.settings import load_settings
from callmissed.services import documents, knowledge
from callmissed.services.documents import Given
from tests.documents import pdf
from tests.stories import a_tenant

PAGES = 300


async def read_on(database_url: str) -> list[float]:
    data, took = pdf(PAGES), []
    with tempfile.TemporaryDirectory() as data_dir:
        settings = load_settings(
            {
                "CALLMISSED_SECRET": "secret-of-the-bench-of-knowledge",
                "CALLMISSED_DATA_DIR": data_dir,
                "DATABASE_URL": database_url,
                "LIVEKIT_URL": "ws://127.0.0.1:9",
                "LIVEKIT_API_KEY": "nobody",
                "LIVEKIT_API_SECRET": "secret-of-a-server-that-is-nowhere",
            }
        )
        stop = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
        async with open_house(settings) as house:
            tenant = await a_tenant(house.database)
            async with house.database.tenant(tenant.id) as db:
                base = await knowledge.create_base(db, SYSTEM, "book")
            while not stop.done():
                given = Given("book.pdf", "", Origin.UPLOAD, bytes(32), len(data))
                async with house.database.tenant(tenant.id) as db:
                    one = await documents.give_document(db, SYSTEM, base.id, given, _parts(data))
                start_s = time.perf_counter()
                await read_document(house, tenant.id, one.id, one.version)
                took.append(time.perf_counter() - start_s)
    return took


async def _parts(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1 << 20):
        yield data[start : start + (1 << 20)]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(read_on(sys.argv[1]))))
