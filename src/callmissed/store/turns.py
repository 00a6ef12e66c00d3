"""Rows of `turns`: what was said, once for each (session, epoch, seq)."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import RowMapping

from callmissed.domain.calls import Exchange
from callmissed.domain.turns import Source, StoredTurn, Turn
from callmissed.store.rows import OpenDb, change, fetch_all
from callmissed.store.schema import turns, voice_sessions
from callmissed.store.tenant import TenantDb
from callmissed.store.usage import read_usages, write_usages

PLAIN = tuple(
    column.name
    for column in turns.c
    if column.name
    not in ("tenant_id", "session_id", "turn_index", "epoch", "seq", "sources", "usage")
)


async def add(db: OpenDb, session_id: UUID, epoch: int, seq: int, turn: Turn) -> bool:
    """Stores the turn behind the ones that are there; False when (session, epoch, seq) was stored
    before.

    The session's row must be locked by this transaction, so that indexes stay contiguous.
    """
    row: dict[str, Any] = {name: _without_nul(getattr(turn, name)) for name in PLAIN}
    next_index = select(func.count()).select_from(turns).where(turns.c.session_id == session_id)
    tenant = select(voice_sessions.c.tenant_id).where(voice_sessions.c.id == session_id)
    row |= {
        "tenant_id": tenant.scalar_subquery(),
        "session_id": session_id,
        "turn_index": next_index.scalar_subquery(),
        "epoch": epoch,
        "seq": seq,
        "sources": [_without_nul(asdict(source)) for source in turn.sources],
        "usage": write_usages(turn.usage),
    }
    statement = (
        insert(turns)
        .values(row)
        .on_conflict_do_nothing(index_elements=["session_id", "epoch", "seq"])
    )
    return await change(db, statement) == 1


async def exchanges_of(db: OpenDb, session_id: UUID) -> list[Exchange]:
    """What was said, in order."""
    statement = (
        select(turns.c.user_transcript, turns.c.agent_response)
        .where(turns.c.session_id == session_id)
        .order_by(turns.c.turn_index)
    )
    rows = await fetch_all(db, statement)
    return [Exchange(row["user_transcript"], row["agent_response"]) for row in rows]


async def list_of(db: TenantDb, session_id: UUID) -> list[StoredTurn]:
    statement = (
        select(turns)
        .where(turns.c.session_id == session_id, turns.c.tenant_id == db.tenant_id)
        .order_by(turns.c.turn_index)
    )
    return [_stored(row) for row in await fetch_all(db, statement)]


def _stored(row: RowMapping) -> StoredTurn:
    sources = tuple(Source(**source) for source in row["sources"])
    usage = read_usages(row["usage"])
    turn = Turn(**{name: row[name] for name in PLAIN}, sources=sources, usage=usage)
    return StoredTurn(row["turn_index"], turn)


def _without_nul(value: Any) -> Any:
    """What was said is kept even if a provider sent what PostgreSQL cannot hold."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nul(item) for item in value]
    return value
