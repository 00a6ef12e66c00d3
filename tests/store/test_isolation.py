"""No tenant sees or touches another's rows, whatever a query forgets."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from callmissed.domain.errors import Refusal
from callmissed.domain.sessions import EndReason
from callmissed.services import sessions
from callmissed.services.idempotency import claim_key
from callmissed.store.database import Database
from callmissed.store.schema import events, metadata, voice_sessions
from callmissed.store.tenant import TenantDb
from tests.stories import Tenant, a_session, a_tenant, a_turn, a_worker, rows

# Tables without a tenant: only the system door opens them.
SYSTEM_ONLY = {"workers", "sign_ins", "password_resets", "attempts", "rates"}
OUTSIDE = {"alembic_version"}


async def test_every_table_forces_row_security_for_both_roles(database: Database) -> None:
    tables = await rows(
        database,
        "select c.relname, c.relrowsecurity, c.relforcerowsecurity from pg_class c "
        "where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')",
    )
    policies = await rows(
        database,
        "select c.relname as on_table, r.rolname, p.polcmd, pg_get_expr(p.polqual, p.polrelid) as qual, "
        "pg_get_expr(p.polwithcheck, p.polrelid) as check_rule from pg_policy p "
        "join pg_class c on c.oid = p.polrelid, unnest(p.polroles) with ordinality as u (role, n) "
        "join pg_roles r on r.oid = u.role",
    )
    named = {row.relname for row in tables} - OUTSIDE
    assert named == set(metadata.tables)
    for table in tables:
        if table.relname in OUTSIDE:
            continue
        assert table.relrowsecurity and table.relforcerowsecurity, table.relname
        found = {row.rolname: row for row in policies if row.on_table == table.relname}
        assert found["callmissed_system"].qual == "true"
        if table.relname in SYSTEM_ONLY:
            assert set(found) == {"callmissed_system"}
            continue
        assert set(found) == {"callmissed_app", "callmissed_system"}, table.relname
        own = found["callmissed_app"]
        assert own.polcmd in ("*", b"*")
        assert "app.tenant" in own.qual and own.qual == own.check_rule


async def test_a_table_without_policies_would_be_found(database: Database) -> None:
    async with database.system() as db:
        await db.connection.execute(text("reset role"))
        await db.connection.execute(text("create table forgotten (tenant_id uuid)"))
    with pytest.raises(AssertionError):
        await test_every_table_forces_row_security_for_both_roles(database)


async def test_a_planted_query_without_a_tenant_sees_nothing(database: Database) -> None:
    tenant = await a_tenant(database)
    await a_session(database, tenant)
    async with database.system() as db:
        for role in ("callmissed_app", "none"):
            await db.connection.execute(text(f"set local role {role}"))
            assert (await db.connection.execute(select(voice_sessions.c.id))).all() == []
    async with database.tenant(uuid4()) as stranger:
        for table in metadata.tables.values():
            if await _may_read(stranger, table.name):
                found = await stranger.connection.execute(select(table))
                assert found.all() == [], table.name


async def test_a_pooled_connection_forgets_its_tenant(
    postgres_url: str, database: Database
) -> None:
    tenant = await a_tenant(database)
    await a_session(database, tenant)
    async with database.tenant(tenant.id) as db:
        assert len((await db.connection.execute(select(voice_sessions.c.id))).all()) == 1
        raw = (await db.connection.get_raw_connection()).driver_connection
        pid = raw.info.backend_pid  # type: ignore[union-attr]
    async with database.tenant(uuid4()) as db:
        raw = (await db.connection.get_raw_connection()).driver_connection
        assert raw.info.backend_pid == pid  # type: ignore[union-attr]
        assert (await db.connection.execute(select(voice_sessions.c.id))).all() == []


async def test_a_stranger_cannot_read_or_end_a_session(database: Database) -> None:
    owner, stranger = await a_tenant(database, "Owner"), await a_tenant(database, "Stranger")
    session = await a_session(database, owner)
    async with database.tenant(stranger.id) as db:
        for ask in (sessions.get_session, sessions.read_turns):
            with pytest.raises(Refusal, match="not_found"):
                await ask(db, session.id)
        assert await sessions.list_sessions(db) == ([], 0)
        assert not await sessions.end_session(db, session.id, EndReason.API_DELETE)
    async with database.tenant(owner.id) as db:
        assert (await sessions.get_session(db, session.id)).status == "created"


async def test_a_foreign_row_cannot_be_written(database: Database) -> None:
    owner, stranger = await a_tenant(database, "Owner"), await a_tenant(database, "Stranger")
    session = await a_session(database, owner)
    foreign = {"type": "x", "data": {}, "created_at": text("now()")}
    planted = {"tenant_id": owner.id, **foreign}
    with pytest.raises(DBAPIError, match="row-level security"):
        await write_event(database, stranger, planted)
    # The row is the stranger's own, the session that it names is not.
    linked = {"tenant_id": stranger.id, "session_id": session.id, **foreign}
    with pytest.raises(DBAPIError, match="foreign key"):
        await write_event(database, stranger, linked)


async def test_a_tenant_reads_no_jobs_workers_or_secrets(database: Database) -> None:
    tenant = await a_tenant(database)
    await a_worker(database)
    for table in ("workers", "owner_links", "refresh_tokens", "jobs.procrastinate_jobs"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.tenant(tenant.id) as db:
                await db.connection.execute(text(f"select 1 from {table}"))


async def test_one_key_of_two_tenants_is_two_keys(database: Database) -> None:
    one, two = await a_tenant(database), await a_tenant(database)
    for tenant in (one, two):
        async with database.tenant(tenant.id) as db:
            assert await claim_key(db, "same", b"h" * 32) is None


async def test_a_nul_is_refused_and_an_unpaired_surrogate_too(database: Database) -> None:
    tenant = await a_tenant(database)
    for metadata_given in ({"a": "\x00"}, {"a": "\ud800"}, {"\x00": 1}):
        with pytest.raises(Refusal, match="invalid_value"):
            await a_session(database, tenant, metadata=metadata_given)
    for prompt in ("nul \x00", "half \udc00"):
        with pytest.raises(Refusal, match="invalid_value"):
            await a_session(database, tenant, system_prompt=prompt)
    assert a_turn("kept").user_transcript == "kept"


async def write_event(database: Database, tenant: Tenant, row: dict[str, Any]) -> None:
    async with database.tenant(tenant.id) as db:
        await db.connection.execute(insert(events).values(row))


async def _may_read(db: TenantDb, table: str) -> bool:
    answer = await db.connection.execute(
        text("select has_table_privilege(:table, 'select')"), {"table": table}
    )
    return bool(answer.scalar())
