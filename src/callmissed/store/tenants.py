"""Rows of `tenants`."""

from uuid import UUID, uuid4

from sqlalchemy import func, insert, select

from callmissed.store.rows import OpenDb, change, fetch_value
from callmissed.store.schema import tenants
from callmissed.store.system import SystemDb

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
