"""A deletion from its order to its end by the jobs of an installation, and by its files."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.engine import make_url

from callmissed.domain.audit import SYSTEM
from callmissed.domain.calls import TurnFinished
from callmissed.kit.clock import utc_now
from callmissed.kit.journal import JournalWriter
from callmissed.runtime.backlog import backlog_of, journal_path
from callmissed.runtime.house import House
from callmissed.runtime.refused_journals import RefusedJournals
from callmissed.runtime.shipping import REFUSED_SUFFIX, Shipper
from callmissed.runtime.wire import Numbered, encode_record
from callmissed.services.deletions import delete_tenant
from callmissed.services.tenants import get_tenant
from tests.conftest import LiveKit
from tests.databases import admin_url
from tests.jobs.test_jobs import a_house, jobs, running_jobs, until
from tests.planting import Planted, find_marks, plant
from tests.stories import a_tenant, a_turn


@pytest.fixture
async def house(postgres_url: str, livekit: LiveKit) -> AsyncIterator[House]:
    async with a_house(postgres_url, livekit) as one:
        yield one


async def test_a_deleted_tenant_is_left_nowhere(house: House, tmp_path: Path) -> None:
    address = house.database.address
    admin_address = admin_url(address, make_url(address).database or "")
    with psycopg.connect(admin_address, autocommit=True) as admin:
        admin.execute("set search_path = public, jobs")
        gone = plant(admin, (await a_tenant(house.database, "Gone")).id)
        neighbour = plant(admin, (await a_tenant(house.database, "Neighbour")).id)
        # A reference as ours are: the row behind it is looked up, and none is found.
        journals = {one.tenant_id: write_journals(tmp_path, one) for one in (gone, neighbour)}
        async with house.database.system() as db:
            name = (await get_tenant(db, gone.tenant_id)).name
            await delete_tenant(db, house.keyring, SYSTEM, gone.tenant_id, name)
        async with running_jobs(house):
            await until(lambda: all_done(house))
        assert find_marks(admin, gone) == {}
        assert find_marks(admin, neighbour) == neighbour.marks
    await look_after(house, tmp_path)
    left = {path.name: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert not [mark for mark in journals[gone.tenant_id] if mark in str(left)]
    assert [mark for mark in journals[neighbour.tenant_id] if mark in str(left)]


async def all_done(house: House) -> bool:
    return not await jobs(house, "run_deletion") and not await jobs(house, "delete_room")


def write_journals(root: Path, planted: Planted) -> list[str]:
    """What a worker's host holds: a journal to ship and one with a note that was refused."""
    session_id, folder = planted.rows["voice_sessions"]["id"], root / str(uuid4())
    marks = [f"mark{uuid4().hex}" for _ in range(2)]
    path = journal_path(folder, session_id, 1)
    for mark, end in zip(marks, (path, journal_path(folder, session_id, 2)), strict=True):
        journal = JournalWriter(end)
        journal.append(encode_record(Numbered(0, utc_now(), TurnFinished(a_turn(mark)))))
        journal.close()
    path.with_name(f"{session_id}-2.journal").rename(folder / f"{session_id}-2{REFUSED_SUFFIX}")
    return marks


async def look_after(house: House, root: Path) -> None:
    """What a worker does on its host every few seconds."""
    shipper = Shipper(house.database, root)
    for path in root.rglob("*.journal"):
        backlog = backlog_of(path)
        assert backlog is not None
        shipper.adopt(backlog)
    await shipper.ship_once()
    await RefusedJournals(root, house.database).remove_deleted()
