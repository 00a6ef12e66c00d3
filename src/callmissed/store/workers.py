"""Rows of `workers`, and how many calls they could take."""

from uuid import UUID

from sqlalchemy import case, delete, func, select, text, true, update
from sqlalchemy.dialects.postgresql import insert

from callmissed.domain.workers import Capacity, Report, Worker
from callmissed.store.rows import OpenDb, change, fetch_all, fetch_first, fetch_value, interval_s
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
        "lag_ms": 0.0,
        "retired_at": None,
    }
    statement = insert(workers).values(id=worker.id, created_at=func.now(), **row)
    await change(db, statement.on_conflict_do_update(index_elements=["id"], set_=row))


async def beat(db: SystemDb, worker_id: UUID, report: Report, *, silent_s: float) -> bool | None:
    """Whether it was asked to drain; None for a worker that is unknown or has retired.
    `steady_since` starts again after a gap of `silent_s`.
    """
    silent = workers.c.beat_at < func.now() - interval_s(silent_s)
    statement = (
        update(workers)
        .where(workers.c.id == worker_id, workers.c.retired_at.is_(None))
        .values(
            slots=report.slots,
            free_slots=report.free_slots,
            lag_ms=report.lag_ms,
            beat_at=func.now(),
            steady_since=case((silent, func.now()), else_=workers.c.steady_since),
        )
        .returning(workers.c.drain_asked_at.is_not(None).label("is_asked"))
    )
    row = await fetch_first(db, statement)
    return None if row is None else row["is_asked"]


async def ask_to_drain(db: SystemDb, name: str | None) -> int:
    """How many of the workers that have not retired (None: all, else those of that name) were
    asked.
    """
    chosen = true() if name is None else workers.c.name == name
    return await change(
        db,
        update(workers)
        .where(workers.c.retired_at.is_(None), chosen)
        .values(drain_asked_at=func.coalesce(workers.c.drain_asked_at, func.now())),
    )


async def look(db: SystemDb, *, silent_s: float) -> Capacity:
    """Of workers that take calls and beat within `silent_s`."""
    fresh = workers.c.beat_at >= func.now() - interval_s(silent_s)
    statement = select(
        func.count(),
        func.coalesce(func.sum(workers.c.slots), 0).label("slots"),
        func.coalesce(func.sum(workers.c.free_slots), 0).label("free_slots"),
        func.coalesce(func.max(workers.c.lag_ms), 0.0).label("lag_ms"),
    ).where(workers.c.retired_at.is_(None), workers.c.slots > 0, fresh)
    row = (await fetch_all(db, statement))[0]
    return Capacity(row["count"], row["slots"], row["free_slots"], row["lag_ms"])


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
