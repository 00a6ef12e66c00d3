"""Rows of `owner_links`: a secret's hash for checking, and sealed for printing it again until it is
used.
"""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select, update

from callmissed.store.rows import change, fetch_first
from callmissed.store.schema import owner_links
from callmissed.store.system import SystemDb


@dataclass(frozen=True, slots=True)
class OwnerLink:
    """`sealed_secret` is None once the link was used."""

    id: UUID
    tenant_id: UUID
    person_id: UUID
    sealed_secret: bytes | None


async def add(
    db: SystemDb, tenant_id: UUID, person_id: UUID, secret_hash: bytes, sealed_secret: bytes
) -> None:
    await change(
        db,
        insert(owner_links).values(
            id=uuid4(),
            tenant_id=tenant_id,
            person_id=person_id,
            secret_hash=secret_hash,
            sealed_secret=sealed_secret,
            created_at=func.now(),
        ),
    )


async def newest_of(db: SystemDb, tenant_id: UUID) -> OwnerLink | None:
    row = await fetch_first(
        db,
        select(owner_links)
        .where(owner_links.c.tenant_id == tenant_id)
        .order_by(owner_links.c.created_at.desc())
        .limit(1),
    )
    if row is None:
        return None
    return OwnerLink(row["id"], row["tenant_id"], row["person_id"], row["sealed_secret"])


async def use(db: SystemDb, secret_hash: bytes) -> OwnerLink | None:
    """Marks the link used; None for one that is unknown or was used before."""
    row = await fetch_first(
        db,
        update(owner_links)
        .where(owner_links.c.secret_hash == secret_hash, owner_links.c.used_at.is_(None))
        .values(used_at=func.now(), sealed_secret=None)
        .returning(owner_links.c.id, owner_links.c.tenant_id, owner_links.c.person_id),
    )
    return None if row is None else OwnerLink(row["id"], row["tenant_id"], row["person_id"], None)


async def remove(db: SystemDb, link_id: UUID) -> None:
    await change(db, delete(owner_links).where(owner_links.c.id == link_id))


async def remove_unused(db: SystemDb, person_id: UUID) -> None:
    """A person who has a password needs no link, and nobody else may find it."""
    table = owner_links.c
    await change(
        db, delete(owner_links).where(table.person_id == person_id, table.used_at.is_(None))
    )
