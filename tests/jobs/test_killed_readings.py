"""A reader that is killed anywhere leaves what was found before, or the new version, never both.

Six kills; a hundred with PROOF=full.
"""

import asyncio
import os
import random
import re
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from uuid import UUID

import pytest

from callmissed.domain.knowledge import Document, DocumentState
from callmissed.runtime.house import House
from callmissed.runtime.reading import read_document
from callmissed.store import passages
from tests.jobs.test_documents import a_base, give, house, look
from tests.stories import Tenant, a_tenant

__all__ = ["house"]
KILLS = 100 if os.environ.get("PROOF") == "full" else 6
SECTIONS = 600
READING_TAKES_S = 2.5
PATIENCE_S = 120


def edition(number: int) -> bytes:
    """As many passages as sections, each of which names its edition."""
    parts = (f"# Section {one}\n\nThis is edition {number}.\n" for one in range(SECTIONS))
    return "\n".join(parts).encode()


async def start_reading(house: House, tenant: Tenant, document: Document) -> Process:
    settings = house.settings
    environment = {
        **os.environ,
        "CALLMISSED_SECRET": "secret-of-the-tests-for-callmissed",
        "DATABASE_URL": settings.database_url,
        "LIVEKIT_URL": settings.livekit_url,
        "LIVEKIT_API_KEY": settings.livekit_api_key,
        "LIVEKIT_API_SECRET": settings.livekit_api_secret,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.jobs.reading_process"),
        *(str(tenant.id), str(document.id), str(document.version)),
        stdin=PIPE,
        stdout=PIPE,
        env=environment,
    )
    assert process.stdin is not None and process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    process.stdin.write(b"go\n")
    await process.stdin.drain()
    return process


async def editions_found(house: House, tenant: Tenant, base: UUID) -> tuple[set[str], int]:
    async with house.database.tenant(tenant.id) as db:
        found = await passages.list_all(db, tenant.id, [base])
    return {re.findall(r"edition (\d+)", one.text)[0] for one in found}, len(found)


@pytest.mark.timeout(3600)
async def test_a_killed_reading_never_leaves_a_mixed_version(house: House) -> None:
    tenant = await a_tenant(house.database)
    base = await a_base(house, tenant)
    dice = random.Random(8)
    outcomes = {"old": 0, "new": 0}
    for number in range(1, KILLS + 1):
        document = await give(house, tenant, base, "book.md", edition(number))
        process = await start_reading(house, tenant, document)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), dice.uniform(0, READING_TAKES_S))
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        async with asyncio.timeout(PATIENCE_S):
            editions, count = await editions_found(house, tenant, base)
        seen = await look(house, tenant, document)
        assert len(editions) <= 1 and count in (0, SECTIONS)
        assert editions == ({str(seen.published_version)} if seen.published_version else set())
        outcomes["new" if editions == {str(number)} else "old"] += 1
    await read_document(house, tenant.id, document.id, document.version)
    assert (await look(house, tenant, document)).state is DocumentState.INDEXED
    assert await editions_found(house, tenant, base) == ({str(KILLS)}, SECTIONS)
    print(f"{KILLS} kills: {outcomes}")
