"""Rows of `events`: what became true, in the transaction that made it so."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert

from callmissed.store.rows import OpenDb, change
from callmissed.store.schema import events


async def add(
    db: OpenDb, tenant_id: UUID, event_type: str, session_id: UUID | None, data: Mapping[str, Any]
) -> None:
    await change(
        db,
        insert(events).values(
            tenant_id=tenant_id,
            type=event_type,
            session_id=session_id,
            data=dict(data),
            created_at=func.now(),
        ),
    )
