"""Tenants: suspended and resumed, their settings, each change written down."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from callmissed.domain.audit import SYSTEM
from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.sessions import EndReason, Status
from callmissed.domain.tenants import Plan, TenantChange
from callmissed.services import deletions, sessions, tenants
from callmissed.services.audit import list_entries
from callmissed.services.sign_ins import begin_sign_in
from callmissed.services.sweeps import end_overdue
from callmissed.store.database import Database
from tests.people import a_person
from tests.stories import KEYRING, REQUEST, ROUTE, a_session, a_tenant, a_worker


async def test_a_suspended_tenants_calls_end_and_no_new_one_begins(database: Database) -> None:
    await a_worker(database)
    tenant, neighbour = await a_tenant(database), await a_tenant(database)
    running, others = await a_session(database, tenant), await a_session(database, neighbour)
    async with database.system() as db:
        await tenants.suspend_tenant(db, SYSTEM, tenant.id)
    async with database.tenant(tenant.id) as db:
        ended = await sessions.get_session(db, running.id)
        with pytest.raises(Refusal) as refused:
            await sessions.create_session(db, REQUEST, ROUTE, "room-2")
    assert (ended.status, ended.end_reason) == (Status.FAILED, EndReason.ERROR)
    assert refused.value.kind is Kind.PERMISSION_DENIED
    async with database.tenant(neighbour.id) as db:
        assert (await sessions.get_session(db, others.id)).status is Status.CREATED


async def test_a_session_that_slipped_past_the_suspension_is_swept(database: Database) -> None:
    tenant = await a_tenant(database)
    async with database.system() as db:
        await tenants.suspend_tenant(db, SYSTEM, tenant.id)
    slipped = await a_session(database, tenant)
    async with database.system() as db:
        assert await end_overdue(db) == 1
    async with database.tenant(tenant.id) as db:
        assert (await sessions.get_session(db, slipped.id)).end_reason is EndReason.ERROR


async def test_suspended_twice_and_resumed_is_written_down_once_each(database: Database) -> None:
    tenant = await a_tenant(database)
    async with database.system() as db:
        for change in (tenants.suspend_tenant, tenants.resume_tenant):
            for _ in range(2):
                await change(db, SYSTEM, tenant.id)
        await tenants.check_not_suspended(db, tenant.id)
    async with database.tenant(tenant.id) as db:
        found, _ = await list_entries(db, None, None, 50, 0)
    assert [entry.action for entry in found] == [
        "tenant.resumed",
        "tenant.suspended",
        "tenant.created",
    ]


async def test_a_tenant_that_is_being_deleted_stays_suspended(database: Database) -> None:
    async with database.system() as db:
        tenant_id, _ = await tenants.create_tenant(db, KEYRING, "Acme")
        await deletions.delete_tenant(db, KEYRING, SYSTEM, tenant_id, "Acme")
        with pytest.raises(Refusal) as refused:
            await tenants.resume_tenant(db, SYSTEM, tenant_id)
    assert refused.value.kind is Kind.CONFLICT


async def test_a_change_touches_what_it_names_and_this_tenant_only(database: Database) -> None:
    tenant, neighbour = await a_tenant(database), await a_tenant(database)
    async with database.tenant(neighbour.id) as db:
        before = await tenants.get_tenant(db, neighbour.id)
    async with database.tenant(tenant.id) as db:
        own = await tenants.get_tenant(db, tenant.id)
        kept = TenantChange(retention_days=30, sets_retention=True)
        assert await tenants.update_tenant(db, SYSTEM, kept) == replace(own, retention_days=30)
        renamed = await tenants.update_tenant(db, SYSTEM, TenantChange(name="New"))
        assert renamed == replace(own, retention_days=30, name="New")
        await tenants.update_tenant(db, SYSTEM, TenantChange())
        found, _ = await list_entries(db, "tenant.updated", None, 50, 0)
    assert [entry.details for entry in found] == [{"name": "New"}, {"retention_days": "30"}]
    async with database.tenant(neighbour.id) as db:
        assert await tenants.get_tenant(db, neighbour.id) == before


async def test_a_plan_is_changed_from_outside(database: Database) -> None:
    tenant = await a_tenant(database)
    async with database.system() as db:
        await tenants.set_plan(db, SYSTEM, tenant.id, Plan.FREE)
        assert (await tenants.get_tenant(db, tenant.id)).plan is Plan.FREE


@pytest.mark.parametrize("change", [tenants.suspend_tenant, tenants.resume_tenant])
async def test_an_unknown_tenant_is_not_found(database: Database, change: object) -> None:
    assert callable(change)
    async with database.system() as db:
        with pytest.raises(Refusal) as refused:
            await change(db, SYSTEM, UUID(int=uuid4().int))
    assert refused.value.kind is Kind.NOT_FOUND


async def test_a_person_of_a_suspended_tenant_signs_in_to_their_other_one(
    database: Database,
) -> None:
    first, second = await a_tenant(database), await a_tenant(database)
    person = await a_person(database, KEYRING, first.id)
    await a_person(database, KEYRING, second.id, email=person.email)
    async with database.system() as db:
        await tenants.suspend_tenant(db, SYSTEM, second.id)
        signed_in = await begin_sign_in(db, KEYRING, person.id, None, "")
    assert signed_in.principal.tenant_id == first.id
