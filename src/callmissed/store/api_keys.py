"""Rows of `api_keys`: the hash of a key, never the key."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from callmissed.store.rows import change, fetch_first, fetch_value, interval_s
from callmissed.store.schema import api_keys
from callmissed.store.system import SystemDb


@dataclass(frozen=True, slots=True)
class UsableKey:
    id: UUID
    tenant_id: UUID
    permissions: frozenset[str]


async def add(
    db: SystemDb,
    tenant_id: UUID,
    name: str,
    masked: str,
    key_hash: bytes,
    permissions: frozenset[str],
) -> None:
    """A hash that is there already stays with its tenant."""
    await change(
        db,
        insert(api_keys)
        .values(
            id=uuid4(),
            tenant_id=tenant_id,
            name=name,
            masked=masked,
            key_hash=key_hash,
            permissions=sorted(permissions),
            created_at=func.now(),
        )
        .on_conflict_do_nothing(index_elements=["key_hash"]),
    )


async def any_of(db: SystemDb, tenant_id: UUID) -> bool:
    """True when the tenant was ever given a key."""
    found = await fetch_value(
        db, select(api_keys.c.id).where(api_keys.c.tenant_id == tenant_id).limit(1)
    )
    return found is not None


async def find_usable(db: SystemDb, key_hash: bytes) -> UsableKey | None:
    """None for a key that is unknown, revoked or expired."""
    row = await fetch_first(
        db,
        select(api_keys.c.id, api_keys.c.tenant_id, api_keys.c.permissions).where(
            api_keys.c.key_hash == key_hash,
            or_(api_keys.c.revoked_at.is_(None), api_keys.c.revoked_at > func.now()),
            or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > func.now()),
        ),
    )
    if row is None:
        return None
    return UsableKey(row["id"], row["tenant_id"], frozenset(row["permissions"]))


async def mark_used(db: SystemDb, key_id: UUID, *, every_s: int) -> None:
    """Notes the last use, to within `every_s`; one request at a time writes, the others pass by."""
    stale = or_(
        api_keys.c.last_used_at.is_(None),
        api_keys.c.last_used_at < func.now() - interval_s(every_s),
    )
    due = (
        select(api_keys.c.id)
        .where(api_keys.c.id == key_id, stale)
        .with_for_update(skip_locked=True)
    )
    await change(db, update(api_keys).where(api_keys.c.id.in_(due)).values(last_used_at=func.now()))
