"""Rows of `idempotency_keys`."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from callmissed.store.rows import change, fetch_first, interval_s
from callmissed.store.schema import idempotency_keys
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb


@dataclass(frozen=True, slots=True)
class KeyRow:
    body_hash: bytes
    resource_id: UUID | None
    sealed_answer: bytes | None


async def add(db: TenantDb, key: str, body_hash: bytes) -> bool:
    """False when the key is there; waits for a transaction that is just adding it."""
    row = {"tenant_id": db.tenant_id, "key": key, "body_hash": body_hash, "created_at": func.now()}
    return await change(db, insert(idempotency_keys).values(row).on_conflict_do_nothing()) == 1


async def find(db: TenantDb, key: str) -> KeyRow | None:
    row = await fetch_first(
        db,
        select(idempotency_keys).where(
            idempotency_keys.c.key == key, idempotency_keys.c.tenant_id == db.tenant_id
        ),
    )
    if row is None:
        return None
    return KeyRow(row["body_hash"], row["resource_id"], row["sealed_answer"])


async def set_resource(
    db: TenantDb, key: str, resource_id: UUID, sealed_answer: bytes | None
) -> None:
    await change(
        db,
        update(idempotency_keys)
        .where(idempotency_keys.c.key == key, idempotency_keys.c.tenant_id == db.tenant_id)
        .values(resource_id=resource_id, sealed_answer=sealed_answer),
    )


async def delete_older(db: SystemDb, kept_s: int) -> None:
    table = idempotency_keys
    await change(db, delete(table).where(table.c.created_at < func.now() - interval_s(kept_s)))
