"""Rows of `tenants`."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import RowMapping

from callmissed.domain.tenants import Plan, Tenant, TenantChange
from callmissed.store.rows import OpenDb, change, fetch_all, fetch_first, fetch_value
from callmissed.store.schema import tenants
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb

FIRST_TENANT_LOCK = 0x63616C6C_0001


async def lock_first(db: SystemDb) -> None:
    """One preparation of the installation at a time, until this transaction ends."""
    await db.connection.execute(select(func.pg_advisory_xact_lock(FIRST_TENANT_LOCK)))


async def first(db: SystemDb) -> UUID | None:
    tenant_id: UUID | None = await fetch_value(
        db, select(tenants.c.id).order_by(tenants.c.created_at, tenants.c.id).limit(1)
    )
    return tenant_id


async def add(db: SystemDb, name: str, plan: str) -> UUID:
    tenant_id = uuid4()
    await change(
        db, insert(tenants).values(id=tenant_id, name=name, plan=plan, created_at=func.now())
    )
    return tenant_id


async def name_of(db: OpenDb, tenant_id: UUID) -> str:
    name: str = await fetch_value(db, select(tenants.c.name).where(tenants.c.id == tenant_id))
    return name


async def find(db: OpenDb, tenant_id: UUID) -> Tenant | None:
    row = await fetch_first(db, select(tenants).where(tenants.c.id == tenant_id))
    return None if row is None else _tenant(row)


async def list_all(db: SystemDb) -> list[Tenant]:
    """Oldest first."""
    rows = await fetch_all(db, select(tenants).order_by(tenants.c.created_at, tenants.c.id))
    return [_tenant(row) for row in rows]


async def list_with_retention(db: SystemDb) -> list[Tenant]:
    rows = await fetch_all(db, select(tenants).where(tenants.c.retention_days.is_not(None)))
    return [_tenant(row) for row in rows]


async def is_suspended(db: OpenDb, tenant_id: UUID) -> bool:
    """Also where there is no such tenant any more."""
    found = await fetch_first(db, select(tenants.c.suspended_at).where(tenants.c.id == tenant_id))
    return found is None or found["suspended_at"] is not None


async def update_own(db: TenantDb, changed: TenantChange) -> None:
    values: dict[str, Any] = {}
    if changed.name is not None:
        values["name"] = changed.name
    if changed.sets_retention:
        values["retention_days"] = changed.retention_days
    if values:
        await change(db, update(tenants).where(tenants.c.id == db.tenant_id).values(values))


async def set_plan(db: SystemDb, tenant_id: UUID, plan: Plan) -> bool:
    """False where there is no such tenant."""
    statement = update(tenants).where(tenants.c.id == tenant_id).values(plan=plan.value)
    return await change(db, statement) == 1


async def suspend(db: SystemDb, tenant_id: UUID) -> bool:
    """False where it is suspended already or is not there."""
    open_one = (tenants.c.id == tenant_id, tenants.c.suspended_at.is_(None))
    statement = update(tenants).where(*open_one).values(suspended_at=func.now())
    return await change(db, statement) == 1


async def resume(db: SystemDb, tenant_id: UUID) -> bool:
    """False where it is not suspended or is not there."""
    suspended = (tenants.c.id == tenant_id, tenants.c.suspended_at.is_not(None))
    statement = update(tenants).where(*suspended).values(suspended_at=None)
    return await change(db, statement) == 1


def _tenant(row: RowMapping) -> Tenant:
    return Tenant(
        id=row["id"],
        name=row["name"],
        plan=Plan(row["plan"]),
        retention_days=row["retention_days"],
        suspended_at=row["suspended_at"],
        created_at=row["created_at"],
    )
