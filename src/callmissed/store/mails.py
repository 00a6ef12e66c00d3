"""Rows of `mails`: what waits to be sent, sealed; gone when it was sent."""

from uuid import UUID

from sqlalchemy import delete, func, insert, select

from callmissed.store.rows import OpenDb, change, fetch_value, interval_s
from callmissed.store.schema import mails
from callmissed.store.system import SystemDb


async def add(db: OpenDb, mail_id: UUID, tenant_id: UUID | None, sealed: bytes) -> None:
    """`tenant_id` is whose it is; None for a person's own."""
    await change(
        db,
        insert(mails).values(id=mail_id, tenant_id=tenant_id, sealed=sealed, created_at=func.now()),
    )


async def find(db: SystemDb, mail_id: UUID) -> bytes | None:
    """What was sealed; None where it was sent."""
    sealed: bytes | None = await fetch_value(
        db, select(mails.c.sealed).where(mails.c.id == mail_id)
    )
    return sealed


async def remove(db: SystemDb, mail_id: UUID) -> None:
    await change(db, delete(mails).where(mails.c.id == mail_id))


async def delete_older(db: SystemDb, age_s: int) -> None:
    await change(db, delete(mails).where(mails.c.created_at < func.now() - interval_s(age_s)))
