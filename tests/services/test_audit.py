"""The audit log: written with the change, read by its tenant, changed by nobody."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from callmissed.domain.audit import SYSTEM, Actor, ActorKind, actor_of
from callmissed.domain.principals import Principal, Role
from callmissed.kit.origin import Origin, set_origin
from callmissed.services.audit import list_entries, record
from callmissed.store import tenants
from callmissed.store.database import Database

OWNER = Actor(ActorKind.PERSON, uuid4())


@pytest.fixture
async def tenant_id(database: Database) -> UUID:
    async with database.system() as db:
        return await tenants.add(db, "Acme", "free")


async def test_an_entry_says_who_what_and_from_where(database: Database, tenant_id: UUID) -> None:
    set_origin(Origin("req-1", "192.0.2.7"))
    async with database.tenant(tenant_id) as db:
        await record(db, tenant_id, OWNER, "api_key.revoked", "key-1", {"name": "old"})
    set_origin(Origin())
    async with database.system() as system:
        await record(system, tenant_id, SYSTEM, "tenant.suspended", str(tenant_id))
    async with database.tenant(tenant_id) as db:
        found, total = await list_entries(db, None, None, 50, 0)
    assert total == len(found) == 2
    assert [entry.action for entry in found] == ["tenant.suspended", "api_key.revoked"]
    assert (found[1].actor, found[1].target, found[1].details) == (OWNER, "key-1", {"name": "old"})
    assert (found[1].request_id, found[1].address) == ("req-1", "192.0.2.7")
    assert (found[0].actor, found[0].request_id) == (SYSTEM, None)


async def test_entries_are_found_by_action_and_by_actor(
    database: Database, tenant_id: UUID
) -> None:
    async with database.tenant(tenant_id) as db:
        await record(db, tenant_id, OWNER, "person.invited", "p1")
        await record(db, tenant_id, SYSTEM, "person.removed", "p1")
        by_action, count = await list_entries(db, "person.invited", None, 50, 0)
        by_actor, _ = await list_entries(db, None, OWNER.id, 50, 0)
        second, _ = await list_entries(db, None, None, 1, 1)
    assert count == 1
    assert [entry.action for entry in by_action + by_actor + second] == ["person.invited"] * 3


async def test_a_change_that_is_undone_leaves_no_entry(database: Database, tenant_id: UUID) -> None:
    async with database.tenant(tenant_id) as db:
        await record(db, tenant_id, OWNER, "person.invited", "p1")
        await db.connection.rollback()
    async with database.tenant(tenant_id) as db:
        assert await list_entries(db, None, None, 50, 0) == ([], 0)


@pytest.mark.parametrize("change", ["update audit_log set target = 'x'", "delete from audit_log"])
async def test_a_tenants_transaction_cannot_change_what_is_written(
    database: Database, tenant_id: UUID, change: str
) -> None:
    async with database.tenant(tenant_id) as db:
        await record(db, tenant_id, OWNER, "person.invited", "p1")
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.tenant(tenant_id) as db:
            await db.connection.execute(text(change))


async def test_nobody_updates_an_entry_not_even_the_system(
    database: Database, tenant_id: UUID
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.system() as db:
            await db.connection.execute(text("update audit_log set target = 'x'"))


async def test_a_tenant_neither_reads_nor_writes_anothers_entries(
    database: Database, tenant_id: UUID
) -> None:
    async with database.system() as system:
        stranger = await tenants.add(system, "Strangers", "free")
        await record(system, tenant_id, SYSTEM, "tenant.suspended", str(tenant_id))
    async with database.tenant(stranger) as db:
        assert await list_entries(db, None, None, 50, 0) == ([], 0)
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with database.tenant(stranger) as db:
            await record(db, tenant_id, OWNER, "person.invited", "p1")


def test_a_key_acts_as_itself() -> None:
    tenant_id, key_id, person_id = uuid4(), uuid4(), uuid4()
    key = Principal(tenant_id, None, None, key_id, frozenset())
    person = Principal(tenant_id, person_id, Role.OWNER, None, frozenset())
    assert actor_of(key) == Actor(ActorKind.KEY, key_id)
    assert actor_of(person) == Actor(ActorKind.PERSON, person_id)
