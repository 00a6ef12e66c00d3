"""Rows of `voice_sessions`, as their tenant sees them, and the one statement that ends one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, func, insert, select, true, update
from sqlalchemy.engine import RowMapping

from callmissed.domain.limits import Account
from callmissed.domain.models import Route
from callmissed.domain.sessions import OPEN, EndReason, Session, SessionRequest, Status
from callmissed.store.rows import OpenDb, fetch_all, fetch_first, fetch_value
from callmissed.store.schema import voice_sessions
from callmissed.store.tenant import TenantDb

route_json: TypeAdapter[Route] = TypeAdapter(Route)
request_json: TypeAdapter[SessionRequest] = TypeAdapter(SessionRequest)

OPEN_STATUSES = [status.value for status in OPEN]


@dataclass(frozen=True, slots=True)
class EndedSession:
    tenant_id: UUID
    room: str


async def add(
    db: TenantDb,
    session_id: UUID,
    request: SessionRequest,
    route: Route,
    room: str,
    bot_version: int | None,
    config: dict[str, Any],
    accounts: Sequence[Account] = (),
) -> Session:
    statement = (
        insert(voice_sessions)
        .values(
            id=session_id,
            tenant_id=db.tenant_id,
            bot_id=request.bot_id,
            bot_version=bot_version,
            status=Status.CREATED.value,
            config=config,
            request=request_json.dump_python(request, mode="json"),
            route=route_json.dump_python(route, mode="json"),
            stt_model=route.stt.id,
            llm_model=route.llm.id,
            tts_voice=route.voice,
            room=room,
            metadata=request.metadata,
            webhook_url=request.webhook_url,
            max_duration_s=request.max_duration_seconds,
            turn_count=0,
            caller_audio_s=0.0,
            agent_audio_s=0.0,
            epoch=0,
            accounts=[account.name for account in accounts],
            created_at=func.now(),
        )
        .returning(voice_sessions)
    )
    row = (await db.connection.execute(statement)).mappings().one()
    return _session(row)


async def find(db: TenantDb, session_id: UUID) -> Session | None:
    row = await fetch_first(
        db, select(voice_sessions).where(_own(db), voice_sessions.c.id == session_id)
    )
    return None if row is None else _session(row)


async def list_page(db: TenantDb, status: Status | None, limit: int, offset: int) -> list[Session]:
    """Newest first."""
    statement = (
        select(voice_sessions)
        .where(_own(db), _with_status(status))
        .order_by(voice_sessions.c.created_at.desc(), voice_sessions.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [_session(row) for row in await fetch_all(db, statement)]


async def count(db: TenantDb, status: Status | None) -> int:
    statement = (
        select(func.count()).select_from(voice_sessions).where(_own(db), _with_status(status))
    )
    total: int = await fetch_value(db, statement)
    return total


async def end(
    db: OpenDb,
    session_id: UUID,
    status: Status,
    reason: EndReason,
    detail: str,
    at: datetime | None,
) -> EndedSession | None:
    """Compare-and-set: None unless the session was open until now. `at` is brought between its
    start and now.
    """
    table = voice_sessions
    began = func.coalesce(table.c.started_at, table.c.created_at)
    ended_at = func.now() if at is None else func.least(func.now(), func.greatest(at, began))
    statement = (
        update(table)
        .where(table.c.id == session_id, table.c.status.in_(OPEN_STATUSES))
        .values(
            status=status.value,
            end_reason=reason.value,
            end_detail=detail or None,
            ended_at=ended_at,
            lease_until=None,
            orphan_since=None,
            orphan_seen_at=None,
        )
        .returning(table.c.tenant_id, table.c.room)
    )
    row = await fetch_first(db, statement)
    return None if row is None else EndedSession(row["tenant_id"], row["room"])


def _own(db: TenantDb) -> ColumnElement[bool]:
    return voice_sessions.c.tenant_id == db.tenant_id


def _with_status(status: Status | None) -> ColumnElement[bool]:
    return true() if status is None else voice_sessions.c.status == status.value


def _session(row: RowMapping) -> Session:
    return Session(
        id=row["id"],
        tenant_id=row["tenant_id"],
        bot_id=row["bot_id"],
        status=Status(row["status"]),
        config=row["config"],
        stt_model=row["stt_model"],
        llm_model=row["llm_model"],
        tts_voice=row["tts_voice"],
        room=row["room"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        turn_count=row["turn_count"],
        total_audio_seconds=round(row["caller_audio_s"] + row["agent_audio_s"], 3),
        end_reason=EndReason(row["end_reason"]) if row["end_reason"] else None,
        metadata=row["metadata"],
        webhook_url=row["webhook_url"],
        max_duration_s=row["max_duration_s"],
        epoch=row["epoch"],
        created_at=row["created_at"],
    )
