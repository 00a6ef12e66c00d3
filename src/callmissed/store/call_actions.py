"""Rows of `call_actions`: what calls asked others to do, each with its event."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_leave

from callmissed.domain.tools import Action
from callmissed.store.rows import OpenDb, change, fetch_value
from callmissed.store.schema import call_actions, events, voice_sessions


async def add(
    db: OpenDb, session_id: UUID, epoch: int, seq: int, action: Action, at: datetime
) -> bool:
    """The task and its event; False when (session, epoch, seq) was stored before, and for a session
    that is not there.
    """
    own = select(voice_sessions.c.tenant_id).where(voice_sessions.c.id == session_id)
    tenant_id = await fetch_value(db, own)
    if tenant_id is None:
        return False
    common: dict[str, Any] = {"tenant_id": tenant_id, "session_id": session_id}
    common |= {"data": _without_nul(dict(action.data)), "created_at": at}
    place = {"epoch": epoch, "seq": seq, "kind": action.kind.value, "state": "waiting"}
    statement = insert_or_leave(call_actions).values(**common, **place)
    if await change(db, statement.on_conflict_do_nothing()) == 0:
        return False
    await change(db, insert(events).values(**common, type=action.kind.value))
    return True


def _without_nul(value: Any) -> Any:
    """PostgreSQL holds no NUL and no half of a character."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return [_without_nul(item) for item in value] if isinstance(value, list | tuple) else value
