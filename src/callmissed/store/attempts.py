"""Rows of `attempts`: how often something was tried about one subject in the running window."""

from sqlalchemy import case, delete, extract, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from callmissed.store.rows import change, fetch_value, interval_s
from callmissed.store.schema import attempts
from callmissed.store.system import SystemDb


async def count_one(
    db: SystemDb, kind: str, subject_hash: bytes, *, limit: int, window_s: int
) -> float | None:
    """Counts one attempt; None where it is within `limit`, else in how many seconds the window ends.

    Exact however many connections count at once: they wait for each other's row.
    """
    table = attempts.c
    is_over = table.until <= func.now()
    window_ends = func.now() + interval_s(window_s)
    statement = (
        insert(attempts)
        .values(kind=kind, subject_hash=subject_hash, count=1, until=window_ends)
        .on_conflict_do_update(
            index_elements=["kind", "subject_hash"],
            set_={
                "count": case((is_over, 1), else_=table.count + 1),
                "until": case((is_over, window_ends), else_=table.until),
            },
            where=or_(is_over, table.count < limit),
        )
        .returning(table.count)
    )
    if await fetch_value(db, statement) is not None:
        return None
    left_s = await fetch_value(
        db,
        select(extract("epoch", table.until - func.now())).where(
            table.kind == kind, table.subject_hash == subject_hash
        ),
    )
    return max(0.0, float(left_s or 0))


async def give_back(db: SystemDb, kind: str, subject_hash: bytes) -> None:
    """An attempt that was none after all."""
    table = attempts.c
    await change(
        db,
        update(attempts)
        .where(table.kind == kind, table.subject_hash == subject_hash, table.count > 0)
        .values(count=table.count - 1),
    )


async def forget(db: SystemDb, kind: str, subject_hash: bytes) -> None:
    table = attempts.c
    await change(db, delete(attempts).where(table.kind == kind, table.subject_hash == subject_hash))


async def delete_over(db: SystemDb) -> None:
    await change(db, delete(attempts).where(attempts.c.until <= func.now()))
