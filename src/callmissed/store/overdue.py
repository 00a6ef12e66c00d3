"""Sessions that somebody must end: over their time, unjoined, without a worker."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update

from callmissed.store.claims import holder_beats
from callmissed.store.rows import change, fetch_all, interval_s
from callmissed.store.schema import tenants, voice_sessions
from callmissed.store.sessions import OPEN_STATUSES
from callmissed.store.system import SystemDb

_sessions = voice_sessions.c
_open = _sessions.status.in_(OPEN_STATUSES)


async def find_overtime(db: SystemDb, *, grace_s: float, limit: int) -> list[UUID]:
    """Active sessions whose time ran out more than `grace_s` ago."""
    allowed = func.make_interval(0, 0, 0, 0, 0, 0, _sessions.max_duration_s) + interval_s(grace_s)
    return await _due(
        db,
        and_(_sessions.started_at.is_not(None), _sessions.started_at + allowed < func.now()),
        limit,
    )


async def find_unjoined(db: SystemDb, *, after_s: float, limit: int) -> list[UUID]:
    due = _sessions.created_at < func.now() - interval_s(after_s)
    return await _due(db, and_(_sessions.started_at.is_(None), due), limit)


async def find_open_of(db: SystemDb, tenant_id: UUID, *, limit: int) -> list[UUID]:
    return await _due(db, _sessions.tenant_id == tenant_id, limit)


async def find_of_suspended(db: SystemDb, *, limit: int) -> list[UUID]:
    """Open sessions of tenants that are suspended."""
    suspended = select(tenants.c.id).where(tenants.c.suspended_at.is_not(None))
    return await _due(db, _sessions.tenant_id.in_(suspended), limit)


async def mark_orphans(db: SystemDb, *, silent_s: float, gap_s: float) -> None:
    """Notes since when a session is seen without a living worker; seen with gaps over `gap_s`, it
    starts again.
    """
    table = voice_sessions
    lapsed = and_(
        _open,
        _sessions.epoch > 0,
        or_(_sessions.lease_until.is_(None), _sessions.lease_until < func.now()),
        ~holder_beats(silent_s),
    )
    seen_before = and_(
        _sessions.orphan_since.is_not(None),
        _sessions.orphan_seen_at > func.now() - interval_s(gap_s),
    )
    lost = select(_sessions.id).where(lapsed).with_for_update(skip_locked=True)
    await change(
        db,
        update(table)
        .where(_sessions.id.in_(lost))
        .values(
            orphan_since=case((seen_before, _sessions.orphan_since), else_=func.now()),
            orphan_seen_at=func.now(),
        ),
    )


async def find_orphans(db: SystemDb, *, after_s: float, limit: int) -> list[UUID]:
    """Sessions seen without a living worker, up to now, for longer than `after_s`."""
    due = and_(
        _sessions.orphan_seen_at == func.now(),
        _sessions.orphan_since < func.now() - interval_s(after_s),
    )
    return await _due(db, due, limit)


async def _due(db: SystemDb, condition: ColumnElement[bool], limit: int) -> list[UUID]:
    statement = (
        select(_sessions.id).where(_open, condition).limit(limit).with_for_update(skip_locked=True)
    )
    return [row["id"] for row in await fetch_all(db, statement)]
