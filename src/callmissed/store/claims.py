"""Sessions as workers see them, across tenants: claims, leases, what calls report."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)

from callmissed.domain.models import Route
from callmissed.domain.sessions import EndReason, Status
from callmissed.domain.workers import Claim
from callmissed.store.rows import change, fetch_all, fetch_first, fetch_value, interval_s
from callmissed.store.schema import voice_sessions, workers
from callmissed.store.sessions import OPEN_STATUSES, route_json
from callmissed.store.system import SystemDb

_sessions = voice_sessions.c
_open = _sessions.status.in_(OPEN_STATUSES)
_claim = (_sessions.id, _sessions.tenant_id, _sessions.epoch, _sessions.created_at)


@dataclass(frozen=True, slots=True)
class ClaimedSession:
    """`request` is a SessionRequest as JSON. `waited_s` counts from the session's creation,
    `spent_s` from its start (None before it), both by the database's clock.
    """

    tenant_id: UUID
    bot_id: UUID | None
    bot_version: int | None
    request: dict[str, Any]
    route: Route
    room: str
    max_duration_s: int
    waited_s: float
    spent_s: float | None


async def take(
    db: SystemDb, worker_id: UUID, limit: int, *, lease_s: float, silent_s: float
) -> list[Claim]:
    """Oldest first: sessions that nobody holds, and, once this worker has beaten steadily for a
    lease, those whose lease has lapsed and whose worker is silent. So an outage of the database, in
    which nobody could beat, lapses nothing.
    """
    steady = exists().where(
        workers.c.id == worker_id, workers.c.steady_since < func.now() - interval_s(lease_s)
    )
    lost = and_(_sessions.lease_until < func.now(), ~holder_beats(silent_s), steady)
    free = (
        select(_sessions.id)
        .where(_open, or_(_sessions.worker_id.is_(None), lost))
        .order_by(_sessions.created_at, _sessions.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(voice_sessions)
        .where(_sessions.id.in_(free))
        .values(
            worker_id=worker_id,
            epoch=_sessions.epoch + 1,
            **_leased(lease_s),
        )
        .returning(*_claim)
    )
    return await _claims(db, statement)


async def retake(
    db: SystemDb, worker_id: UUID, lost: Mapping[UUID, int], *, lease_s: float
) -> list[Claim]:
    """The next epoch of those of the `lost` sessions (by their epochs) that are open and still this
    worker's.
    """
    statement = (
        update(voice_sessions)
        .where(_still_held(worker_id, lost))
        .values(epoch=_sessions.epoch + 1, **_leased(lease_s))
        .returning(*_claim)
    )
    return await _claims(db, statement)


async def give_back(db: SystemDb, worker_id: UUID, lost: Mapping[UUID, int]) -> list[UUID]:
    """As `retake`, but anybody may claim them now; their ids."""
    statement = (
        update(voice_sessions)
        .where(_still_held(worker_id, lost))
        .values(worker_id=None, lease_until=None)
        .returning(_sessions.id)
    )
    return [row["id"] for row in await fetch_all(db, statement)]


async def renew_leases(db: SystemDb, worker_id: UUID, *, lease_s: float) -> list[Claim]:
    """What the worker holds. Rows that another transaction locks just now are left to the next
    beat.
    """
    held = (
        select(_sessions.id)
        .where(_sessions.worker_id == worker_id, _open)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(voice_sessions)
        .where(_sessions.id.in_(held))
        .values(**_leased(lease_s))
        .returning(*_claim)
    )
    return await _claims(db, statement)


async def look_at(db: SystemDb, ids: Collection[UUID]) -> dict[UUID, tuple[int, EndReason | None]]:
    """The epoch of each of the sessions, and why it ended (None: it is open)."""
    if not ids:
        return {}
    statement = select(_sessions.id, _sessions.epoch, _sessions.end_reason)
    rows = await fetch_all(db, statement.where(_sessions.id.in_(ids)))
    return {
        row["id"]: (row["epoch"], EndReason(row["end_reason"]) if row["end_reason"] else None)
        for row in rows
    }


async def release_all(db: SystemDb, worker_id: UUID) -> list[UUID]:
    """The worker lets go of its open sessions; their ids."""
    statement = (
        update(voice_sessions)
        .where(_sessions.worker_id == worker_id, _open)
        .values(worker_id=None, lease_until=None)
        .returning(_sessions.id)
    )
    return [row["id"] for row in await fetch_all(db, statement)]


async def find_claimed(db: SystemDb, claim: Claim) -> ClaimedSession | None:
    """None when the session has ended or a later epoch has begun."""
    row = await fetch_first(
        db,
        select(
            voice_sessions,
            _seconds_since(_sessions.created_at).label("waited_s"),
            _seconds_since(_sessions.started_at).label("spent_s"),
        ).where(
            _sessions.id == claim.session_id,
            _sessions.tenant_id == claim.tenant_id,
            _sessions.epoch == claim.epoch,
            _open,
        ),
    )
    if row is None:
        return None
    return ClaimedSession(
        tenant_id=row["tenant_id"],
        bot_id=row["bot_id"],
        bot_version=row["bot_version"],
        request=row["request"],
        route=route_json.validate_python(row["route"]),
        room=row["room"],
        max_duration_s=row["max_duration_s"],
        waited_s=float(row["waited_s"]),
        spent_s=None if row["spent_s"] is None else float(row["spent_s"]),
    )


async def lock(db: SystemDb, session_id: UUID) -> bool:
    """Holds the session's row until this transaction ends; False when there is none."""
    statement = select(_sessions.id).where(_sessions.id == session_id).with_for_update()
    return await fetch_value(db, statement) is not None


async def is_current(db: SystemDb, session_id: UUID, epoch: int) -> bool:
    statement = select(_sessions.id).where(_sessions.id == session_id, _sessions.epoch == epoch)
    return await fetch_value(db, statement.with_for_update()) is not None


async def mark_arrived(db: SystemDb, session_id: UUID, epoch: int, at: datetime) -> None:
    """Sets `started_at` once, brought between creation and the end (or now); a session that had
    ended stays so.
    """
    latest = func.coalesce(_sessions.ended_at, func.now())
    await change(
        db,
        update(voice_sessions)
        .where(_sessions.id == session_id, _sessions.epoch == epoch, _sessions.started_at.is_(None))
        .values(
            started_at=func.least(latest, func.greatest(at, _sessions.created_at)),
            status=case(
                (_sessions.status == Status.CREATED.value, Status.ACTIVE.value),
                else_=_sessions.status,
            ),
        ),
    )


async def count_turn(db: SystemDb, session_id: UUID) -> None:
    await change(
        db,
        update(voice_sessions)
        .where(_sessions.id == session_id)
        .values(turn_count=_sessions.turn_count + 1),
    )


async def add_audio(
    db: SystemDb, session_id: UUID, epoch: int, caller_audio_s: float, agent_audio_s: float
) -> None:
    """Keeps the largest report, so that one that comes twice, or of an epoch that was overtaken,
    changes nothing.
    """
    await change(
        db,
        update(voice_sessions)
        .where(_sessions.id == session_id, _sessions.epoch >= epoch)
        .values(
            caller_audio_s=func.greatest(_sessions.caller_audio_s, caller_audio_s),
            agent_audio_s=func.greatest(_sessions.agent_audio_s, agent_audio_s),
        ),
    )


async def list_open_among(db: SystemDb, ids: Sequence[UUID]) -> list[UUID]:
    statement = select(_sessions.id).where(_open, _sessions.id.in_(ids))
    return [row["id"] for row in await fetch_all(db, statement)]


async def find_known(db: SystemDb, ids: Collection[UUID]) -> set[UUID]:
    statement = select(_sessions.id).where(_sessions.id.in_(ids))
    return {row["id"] for row in await fetch_all(db, statement)}


def _seconds_since(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.extract("epoch", func.now() - moment)


def _leased(lease_s: float) -> dict[str, Any]:
    return {
        "lease_until": func.now() + interval_s(lease_s),
        "orphan_since": None,
        "orphan_seen_at": None,
    }


def _still_held(worker_id: UUID, lost: Mapping[UUID, int]) -> ColumnElement[bool]:
    runs = tuple_(_sessions.id, _sessions.epoch).in_(list(lost.items()))
    return and_(_open, _sessions.worker_id == worker_id, runs)


async def _claims(db: SystemDb, statement: Executable) -> list[Claim]:
    """Oldest session first."""
    rows = sorted(await fetch_all(db, statement), key=lambda row: row["created_at"])
    return [Claim(row["id"], row["tenant_id"], row["epoch"]) for row in rows]


def holder_beats(silent_s: float) -> ColumnElement[bool]:
    return exists().where(
        workers.c.id == _sessions.worker_id,
        workers.c.retired_at.is_(None),
        workers.c.beat_at > func.now() - interval_s(silent_s),
    )
