"""Sessions are kept as long as their tenant says."""

from sqlalchemy import text

from callmissed.domain.audit import SYSTEM
from callmissed.domain.sessions import EndReason
from callmissed.domain.tenants import TenantChange
from callmissed.services import retention, sessions, tenants
from callmissed.services.audit import list_entries
from callmissed.store.database import Database
from tests.stories import Tenant, a_session, a_tenant


async def test_what_ended_too_long_ago_goes_and_is_counted(database: Database) -> None:
    tenant = await a_tenant(database)
    await keep_days(database, tenant, 7)
    for days in (8, 9, 6):
        await an_ended_session(database, tenant, days)
    await a_session(database, tenant)
    async with database.system() as db:
        assert await retention.list_limited(db) == [(tenant.id, 7)]
        assert await retention.expire_sessions(db, tenant.id, 7) == 2
        assert await retention.expire_sessions(db, tenant.id, 7) == 0
    async with database.tenant(tenant.id) as db:
        _, left = await sessions.list_sessions(db)
        [entry], _ = await list_entries(db, "voice_sessions.expired", None, 50, 0)
    assert left == 2
    assert entry.details["voice_sessions"] == "2"


async def test_nothing_of_who_keeps_sessions_goes(database: Database) -> None:
    tenant, strict = await a_tenant(database), await a_tenant(database)
    await keep_days(database, strict, 1)
    await an_ended_session(database, tenant, 3650)
    await an_ended_session(database, strict, 3)
    async with database.system() as db:
        for tenant_id, days in await retention.list_limited(db):
            await retention.expire_sessions(db, tenant_id, days)
    async with database.tenant(tenant.id) as db:
        assert (await sessions.list_sessions(db))[1] == 1
    async with database.tenant(strict.id) as db:
        assert (await sessions.list_sessions(db))[1] == 0


async def keep_days(database: Database, tenant: Tenant, days: int) -> None:
    async with database.tenant(tenant.id) as db:
        change = TenantChange(retention_days=days, sets_retention=True)
        await tenants.update_tenant(db, SYSTEM, change)


async def an_ended_session(database: Database, tenant: Tenant, days_ago: int) -> None:
    session = await a_session(database, tenant)
    async with database.system() as db:
        await sessions.end_session(db, session.id, EndReason.API_DELETE)
        await db.connection.execute(
            text(
                "update voice_sessions set created_at = now() - make_interval(days => :days), "
                "ended_at = now() - make_interval(days => :days) where id = :id"
            ),
            {"id": session.id, "days": days_ago},
        )
