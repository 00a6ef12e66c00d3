"""Rows of `password_resets`: the hash of a link's secret, until it is used or its time is over."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select

from callmissed.store.rows import change, fetch_value
from callmissed.store.schema import password_resets
from callmissed.store.system import SystemDb


async def replace(db: SystemDb, person_id: UUID, secret_hash: bytes, expires_at: datetime) -> None:
    """The person's only one afterwards."""
    await remove_of(db, person_id)
    await change(
        db,
        insert(password_resets).values(
            id=uuid4(),
            person_id=person_id,
            secret_hash=secret_hash,
            expires_at=expires_at,
            created_at=func.now(),
        ),
    )


async def find(db: SystemDb, secret_hash: bytes) -> UUID | None:
    """Whose it is; None for one that is unknown, used or expired."""
    table = password_resets.c
    person_id: UUID | None = await fetch_value(
        db,
        select(table.person_id).where(
            table.secret_hash == secret_hash, table.expires_at > func.now()
        ),
    )
    return person_id


async def take(db: SystemDb, secret_hash: bytes) -> UUID | None:
    """As `find`, and of any number at once exactly one gets it."""
    table = password_resets.c
    person_id: UUID | None = await fetch_value(
        db,
        delete(password_resets)
        .where(table.secret_hash == secret_hash, table.expires_at > func.now())
        .returning(table.person_id),
    )
    return person_id


async def remove_of(db: SystemDb, person_id: UUID) -> None:
    await change(db, delete(password_resets).where(password_resets.c.person_id == person_id))


async def delete_expired(db: SystemDb) -> None:
    await change(db, delete(password_resets).where(password_resets.c.expires_at < func.now()))
