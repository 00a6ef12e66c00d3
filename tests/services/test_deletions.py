"""Deletion reaches every place the data lies, and stops at the neighbour's."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from callmissed.domain.audit import SYSTEM
from callmissed.domain.deletions import Deletion
from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.principals import Role
from callmissed.services import deletions
from callmissed.services.audit import list_entries
from callmissed.services.deletions import Step
from callmissed.services.tenants import create_tenant
from callmissed.store import people
from callmissed.store.database import Database
from tests.databases import admin_url
from tests.planting import Planted, find_marks, plant
from tests.stories import KEYRING


@pytest.fixture
def admin(database: Database) -> Iterator[psycopg.Connection]:
    """A superuser, from whom no row is hidden."""
    name = make_url(database.address).database or ""
    with psycopg.connect(admin_url(database.address, name), autocommit=True) as connection:
        # The triggers of the jobs' tables name each other without their schema.
        connection.execute("set search_path = public, jobs")
        yield connection


async def a_tenant(database: Database, admin: psycopg.Connection, name: str) -> Planted:
    async with database.system() as db:
        tenant_id, _ = await create_tenant(db, KEYRING, name)
    return plant(admin, tenant_id)


async def run(database: Database, deletion_id: UUID) -> list[Step]:
    steps = []
    while not steps or steps[-1] is not Step.DONE:
        async with database.system() as db:
            steps.append(await deletions.advance(db, deletion_id))
    return steps


def close_rooms(admin: psycopg.Connection) -> None:
    """The one kind of job that outlives what it is about, as long as it has not run."""
    admin.execute("delete from jobs.procrastinate_jobs where task_name = 'delete_room'")


async def ask_for_tenant(database: Database, planted: Planted) -> Deletion:
    async with database.system() as db:
        name = (
            await db.connection.execute(
                text("select name from tenants where id = :id"), {"id": planted.tenant_id}
            )
        ).scalar_one()
        return await deletions.delete_tenant(db, KEYRING, SYSTEM, planted.tenant_id, name)


async def test_nothing_of_a_deleted_tenant_is_left(
    database: Database, admin: psycopg.Connection
) -> None:
    gone = await a_tenant(database, admin, "Gone")
    neighbour = await a_tenant(database, admin, "Neighbour")
    assert find_marks(admin, gone) == gone.marks
    assert find_marks(admin, neighbour) == neighbour.marks
    asked = await ask_for_tenant(database, gone)
    await run(database, asked.id)
    close_rooms(admin)
    assert find_marks(admin, gone) == {}
    assert find_marks(admin, neighbour) == neighbour.marks
    [tombstone] = admin.execute("select to_jsonb(d) from deletions d").fetchone() or ()
    assert tombstone["finished_at"]
    assert (tombstone["tenant_id"], tombstone["subject"]) == (None, None)
    assert tombstone["counts"]["tenants"] == tombstone["counts"]["people"] == 1
    for table in ("voice_sessions", "turns", "events", "audit_log", "bots", "jobs"):
        assert tombstone["counts"][table] >= 1
    assert str(gone.tenant_id) not in str(tombstone)


async def test_a_deletion_that_was_cut_off_goes_on_where_it_was(
    database: Database, admin: psycopg.Connection
) -> None:
    gone = await a_tenant(database, admin, "Gone")
    asked = await ask_for_tenant(database, gone)
    for _ in range(3):
        async with database.system() as db:
            assert await deletions.advance(db, asked.id) is Step.MORE
    async with database.system() as db:
        await deletions.advance(db, asked.id)
        await db.connection.rollback()
    async with database.system() as db:
        await deletions.resume_deletions(db)
    waiting = admin.execute(
        "select count(*) from jobs.procrastinate_jobs where task_name = 'run_deletion'"
    ).fetchone()
    assert waiting == (1,)
    await run(database, asked.id)
    close_rooms(admin)
    assert find_marks(admin, gone) == {}
    assert await run(database, asked.id) == [Step.DONE]


async def test_a_person_of_two_tenants_stays_with_the_other(
    database: Database, admin: psycopg.Connection
) -> None:
    gone = await a_tenant(database, admin, "Gone")
    neighbour = await a_tenant(database, admin, "Neighbour")
    shared = gone.rows["people"]["id"]
    async with database.system() as db:
        await people.add_membership(db, neighbour.tenant_id, shared, Role.MEMBER)
    asked = await ask_for_tenant(database, gone)
    await run(database, asked.id)
    close_rooms(admin)
    assert set(find_marks(admin, gone).values()) >= {"people.email"}
    assert all(place.split(".")[0] in PERSONS_OWN for place in find_marks(admin, gone).values())


# What belongs to a person and not to a tenant.
PERSONS_OWN = {"people", "sign_ins", "password_resets"}


async def test_a_tenant_goes_only_by_its_name(database: Database) -> None:
    async with database.system() as db:
        tenant_id, _ = await create_tenant(db, KEYRING, "Acme")
        with pytest.raises(Refusal) as refused:
            await deletions.delete_tenant(db, KEYRING, SYSTEM, tenant_id, "acme")
        first = await deletions.delete_tenant(db, KEYRING, SYSTEM, tenant_id, "Acme")
        again = await deletions.delete_tenant(db, KEYRING, SYSTEM, tenant_id, "Acme")
    assert refused.value.param == "confirm_name"
    assert first == again


async def test_a_running_job_of_the_tenant_is_waited_for(
    database: Database, admin: psycopg.Connection
) -> None:
    gone = await a_tenant(database, admin, "Gone")
    admin.execute("update jobs.procrastinate_jobs set status = 'doing' where queue_name = 'nobody'")
    asked = await ask_for_tenant(database, gone)
    step = Step.MORE
    while step is Step.MORE:
        async with database.system() as db:
            step = await deletions.advance(db, asked.id)
    assert step is Step.WAIT
    admin.execute(
        "update jobs.procrastinate_jobs set status = 'failed' where queue_name = 'nobody'"
    )
    await run(database, asked.id)
    close_rooms(admin)
    assert find_marks(admin, gone) == {}


async def test_a_sessions_data_goes_and_the_rest_stays(
    database: Database, admin: psycopg.Connection
) -> None:
    planted = await a_tenant(database, admin, "Acme")
    session_id = planted.rows["voice_sessions"]["id"]
    admin.execute("update idempotency_keys set resource_id = %s", (session_id,))
    async with database.tenant(planted.tenant_id) as db:
        asked = await deletions.delete_session_data(db, KEYRING, SYSTEM, session_id)
    await run(database, asked.id)
    close_rooms(admin)
    left = find_marks(admin, planted)
    of_session = ("voice_sessions.", "turns.", "events.", "idempotency_keys.", "call_actions.")
    assert not [place for place in left.values() if place.startswith(of_session)]
    expected = {place for place in planted.marks.values() if not place.startswith(of_session)}
    assert set(left.values()) == expected
    async with database.tenant(planted.tenant_id) as db:
        done = await deletions.get_deletion(db, asked.id)
        [last, *_], _ = await list_entries(db, "data_deletion.finished", None, 1, 0)
        with pytest.raises(Refusal) as refused:
            await deletions.delete_session_data(db, KEYRING, SYSTEM, session_id)
    assert done.finished_at is not None
    assert done.counts["voice_sessions"] == done.counts["turns"] == 1
    assert last.details["voice_sessions"] == "1"
    assert refused.value.kind is Kind.NOT_FOUND


async def test_a_stranger_deletes_nothing(database: Database, admin: psycopg.Connection) -> None:
    planted = await a_tenant(database, admin, "Acme")
    stranger = await a_tenant(database, admin, "Strangers")
    async with database.tenant(planted.tenant_id) as db:
        asked = await deletions.delete_session_data(
            db, KEYRING, SYSTEM, planted.rows["voice_sessions"]["id"]
        )
    async with database.tenant(stranger.tenant_id) as db:
        for act in (
            deletions.get_deletion(db, asked.id),
            deletions.delete_session_data(
                db, KEYRING, SYSTEM, planted.rows["voice_sessions"]["id"]
            ),
        ):
            with pytest.raises(Refusal) as refused:
                await act
            assert refused.value.kind is Kind.NOT_FOUND


@pytest.mark.parametrize(
    "metadata",
    [
        '{"phone": "+919876543210"}',
        '{"caller": {"number": "+91 98765-43210"}}',
        '{"numbers": ["x", "09876543210"]}',
        '{"number": 919876543210}',
        '["0091 98765 43210"]',
        '{"number": "(98765) 43210"}',
    ],
)
async def test_a_callers_sessions_are_found_by_their_number(
    database: Database, admin: psycopg.Connection, metadata: str
) -> None:
    planted = await a_tenant(database, admin, "Acme")
    admin.execute("update voice_sessions set metadata = %s", (metadata,))
    await delete_number(database, planted.tenant_id)
    assert admin.execute("select count(*) from voice_sessions").fetchone() == (0,)
    assert "9876543210" not in str(
        admin.execute(
            "select array(select d::text from deletions d) || "
            "array(select a::text from audit_log a) || "
            "array(select j::text from jobs.procrastinate_jobs j)"
        ).fetchone()
    )


async def test_a_number_among_a_calls_variables_is_found(
    database: Database, admin: psycopg.Connection
) -> None:
    planted = await a_tenant(database, admin, "Acme")
    admin.execute("""update voice_sessions set request = '{"variables": {"n": "+919876543210"}}'""")
    await delete_number(database, planted.tenant_id)
    assert admin.execute("select count(*) from voice_sessions").fetchone() == (0,)


async def test_another_number_and_another_tenant_keep_their_sessions(
    database: Database, admin: psycopg.Connection
) -> None:
    planted = await a_tenant(database, admin, "Acme")
    other = await a_tenant(database, admin, "Strangers")
    for tenant_id, number in ((planted.tenant_id, "+919876543211"), (other.tenant_id, NUMBER)):
        admin.execute(
            "update voice_sessions set metadata = jsonb_build_object('n', %s::text) "
            "where tenant_id = %s",
            (number, tenant_id),
        )
    await delete_number(database, planted.tenant_id)
    assert admin.execute("select count(*) from voice_sessions").fetchone() == (2,)


NUMBER = "+919876543210"


async def delete_number(database: Database, tenant_id: UUID) -> None:
    async with database.tenant(tenant_id) as db:
        asked = await deletions.delete_number_data(db, KEYRING, SYSTEM, NUMBER)
    await run(database, asked.id)


async def test_what_is_no_number_is_refused(database: Database) -> None:
    async with database.system() as db:
        tenant_id, _ = await create_tenant(db, KEYRING, "Acme")
    async with database.tenant(tenant_id) as db:
        with pytest.raises(Refusal) as refused:
            await deletions.delete_number_data(db, KEYRING, SYSTEM, "98765")
    assert refused.value.param == "phone_number"
