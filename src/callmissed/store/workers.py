"""Rows of `workers`, and how many calls they could take."""

from uuid import UUID

from sqlalchemy import case, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from callmissed.domain.workers import Worker
from callmissed.store.rows import OpenDb, change, fetch_value, interval_s
from callmissed.store.schema import workers
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb

ADMISSION_LOCK = 0x63616C6C_0002

# Made in the migrations; it counts over all tenants and tells a tenant's transaction nothing but
# the number.
_FREE_SLOTS = text("select free_slots(:silent_s)")


async def lock_admission(db: OpenDb) -> None:
    """One admission at a time, until this transaction ends: what is counted next stays true."""
    await db.connection.execute(select(func.pg_advisory_xact_lock(ADMISSION_LOCK)))


async def count_free_slots(db: TenantDb, *, silent_s: float) -> int:
    """Slots of workers that beat within `silent_s`, less the open sessions in or for them."""
    free: int = await fetch_value(db, _FREE_SLOTS, {"silent_s": silent_s})
    return free


async def add(db: SystemDb, worker: Worker) -> None:
    row = {
        "name": worker.name,
        "address": worker.address,
        "slots": worker.slots,
        "free_slots": worker.slots,
        "beat_at": func.now(),
        "steady_since": func.now(),
        "retired_at": None,
    }
    statement = insert(workers).values(id=worker.id, created_at=func.now(), **row)
    await change(db, statement.on_conflict_do_update(index_elements=["id"], set_=row))


async def beat(db: SystemDb, worker_id: UUID, free_slots: int, *, silent_s: float) -> bool:
    """False for a worker that is unknown or has retired. `steady_since` starts again after a gap of
    `silent_s`.
    """
    silent = workers.c.beat_at < func.now() - interval_s(silent_s)
    statement = (
        update(workers)
        .where(workers.c.id == worker_id, workers.c.retired_at.is_(None))
        .values(
            free_slots=free_slots,
            beat_at=func.now(),
            steady_since=case((silent, func.now()), else_=workers.c.steady_since),
        )
    )
    return await change(db, statement) == 1


async def count_live(db: SystemDb, *, silent_s: float) -> int:
    """Workers that have not retired and beat within `silent_s`."""
    fresh = workers.c.beat_at >= func.now() - interval_s(silent_s)
    count: int = await fetch_value(
        db,
        select(func.count()).select_from(workers).where(workers.c.retired_at.is_(None), fresh),
    )
    return count


async def retire(db: SystemDb, worker_id: UUID) -> None:
    await change(
        db,
        update(workers)
        .where(workers.c.id == worker_id)
        .values(retired_at=func.now(), free_slots=0),
    )


async def delete_silent(db: SystemDb, kept_s: float) -> None:
    """Forgets workers that have not beaten for `kept_s`; sessions that they ran keep their history
    without them.
    """
    gone = workers.c.beat_at < func.now() - interval_s(kept_s)
    await change(db, delete(workers).where(gone))
