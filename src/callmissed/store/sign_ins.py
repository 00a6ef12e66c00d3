"""Rows of `sign_ins`: a browser that a person is signed in with, until it leaves or is sent away."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select, update

from callmissed.domain.people import SignIn
from callmissed.store.rows import change, fetch_all, fetch_value, interval_s
from callmissed.store.schema import sign_ins
from callmissed.store.system import SystemDb


async def add(db: SystemDb, person_id: UUID, user_agent: str, expires_at: datetime) -> UUID:
    sign_in_id = uuid4()
    await change(
        db,
        insert(sign_ins).values(
            id=sign_in_id,
            person_id=person_id,
            user_agent=user_agent,
            created_at=func.now(),
            used_at=func.now(),
            expires_at=expires_at,
        ),
    )
    return sign_in_id


async def renew(db: SystemDb, sign_in_id: UUID, *, ttl_s: int, longest_s: int) -> datetime | None:
    """Marks it used and puts its end off by `ttl_s`, to `longest_s` after its beginning at most.

    Its end; None where it has ended.
    """
    table = sign_ins.c
    latest = table.created_at + interval_s(longest_s)
    expires_at: datetime | None = await fetch_value(
        db,
        update(sign_ins)
        .where(table.id == sign_in_id, table.expires_at > func.now())
        .values(used_at=func.now(), expires_at=func.least(func.now() + interval_s(ttl_s), latest))
        .returning(table.expires_at),
    )
    return expires_at


async def list_of(db: SystemDb, person_id: UUID) -> list[SignIn]:
    """Used last comes first."""
    table = sign_ins.c
    found = await fetch_all(
        db,
        select(table.id, table.created_at, table.used_at, table.user_agent)
        .where(table.person_id == person_id, table.expires_at > func.now())
        .order_by(table.used_at.desc(), table.id),
    )
    return [SignIn(**row) for row in found]


async def end(db: SystemDb, sign_in_id: UUID, person_id: UUID | None = None) -> bool:
    """Its refresh tokens go with it. With `person_id` only where it is theirs; False where there is
    none.
    """
    statement = delete(sign_ins).where(sign_ins.c.id == sign_in_id)
    if person_id is not None:
        statement = statement.where(sign_ins.c.person_id == person_id)
    return await change(db, statement) == 1


async def end_all(db: SystemDb, person_id: UUID, *, but: UUID | None = None) -> int:
    """How many it ended."""
    statement = delete(sign_ins).where(sign_ins.c.person_id == person_id)
    if but is not None:
        statement = statement.where(sign_ins.c.id != but)
    return await change(db, statement)


async def delete_expired(db: SystemDb) -> None:
    await change(db, delete(sign_ins).where(sign_ins.c.expires_at < func.now()))
