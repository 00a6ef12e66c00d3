"""Rows of `audit_log`: written once, changed by nobody."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, select

from callmissed.domain.audit import Actor, ActorKind, AuditEntry
from callmissed.store.rows import OpenDb, change, fetch_all, fetch_value
from callmissed.store.schema import audit_log
from callmissed.store.tenant import TenantDb

_entries = audit_log.c


async def add(
    db: OpenDb,
    tenant_id: UUID,
    actor: Actor,
    action: str,
    target: str,
    details: Mapping[str, str],
    request_id: str | None,
    address: str | None,
) -> None:
    await change(
        db,
        insert(audit_log).values(
            tenant_id=tenant_id,
            actor_kind=actor.kind.value,
            actor_id=actor.id,
            action=action,
            target=target,
            details=dict(details),
            request_id=request_id,
            address=address,
            created_at=func.now(),
        ),
    )


async def list_page(
    db: TenantDb, action: str | None, actor_id: UUID | None, limit: int, offset: int
) -> list[AuditEntry]:
    """Newest first."""
    statement = (
        select(audit_log)
        .where(*_wanted(db, action, actor_id))
        .order_by(_entries.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [
        AuditEntry(
            id=row["id"],
            actor=Actor(ActorKind(row["actor_kind"]), row["actor_id"]),
            action=row["action"],
            target=row["target"],
            details=row["details"],
            request_id=row["request_id"],
            address=row["address"],
            created_at=row["created_at"],
        )
        for row in await fetch_all(db, statement)
    ]


async def count(db: TenantDb, action: str | None, actor_id: UUID | None) -> int:
    wanted = _wanted(db, action, actor_id)
    total: int = await fetch_value(db, select(func.count()).select_from(audit_log).where(*wanted))
    return total


def _wanted(db: TenantDb, action: str | None, actor_id: UUID | None) -> list[ColumnElement[bool]]:
    wanted = [_entries.tenant_id == db.tenant_id]
    if action is not None:
        wanted.append(_entries.action == action)
    if actor_id is not None:
        wanted.append(_entries.actor_id == actor_id)
    return wanted
