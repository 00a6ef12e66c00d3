"""Rows of `refresh_tokens`: each used once; all of a sign-in go with it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, extract, func, insert, select, update

from callmissed.store.rows import change, fetch_first
from callmissed.store.schema import refresh_tokens, sign_ins
from callmissed.store.system import SystemDb


@dataclass(frozen=True, slots=True)
class TakenToken:
    """`used_s_ago` is None where this was its first use."""

    tenant_id: UUID
    person_id: UUID
    sign_in_id: UUID
    used_s_ago: float | None


async def add(
    db: SystemDb,
    tenant_id: UUID,
    person_id: UUID,
    sign_in_id: UUID,
    token_hash: bytes,
    expires_at: datetime,
) -> None:
    await change(
        db,
        insert(refresh_tokens).values(
            id=uuid4(),
            tenant_id=tenant_id,
            person_id=person_id,
            sign_in_id=sign_in_id,
            token_hash=token_hash,
            expires_at=expires_at,
            created_at=func.now(),
        ),
    )


async def take(db: SystemDb, token_hash: bytes) -> TakenToken | None:
    """Marks the token used, keeping the time of its first use; None for one unknown or expired."""
    table = refresh_tokens
    its_sign_in = select(table.c.sign_in_id).where(table.c.token_hash == token_hash)
    # First, as who ends a sign-in does: neither waits for the other then.
    await fetch_first(
        db, select(sign_ins.c.id).where(sign_ins.c.id.in_(its_sign_in)).with_for_update()
    )
    found = await fetch_first(
        db,
        select(table, extract("epoch", func.now() - table.c.used_at).label("used_s_ago"))
        .where(table.c.token_hash == token_hash, table.c.expires_at > func.now())
        .with_for_update(),
    )
    if found is None:
        return None
    if found["used_at"] is None:
        await change(db, update(table).where(table.c.id == found["id"]).values(used_at=func.now()))
    used_s_ago = None if found["used_s_ago"] is None else float(found["used_s_ago"])
    return TakenToken(found["tenant_id"], found["person_id"], found["sign_in_id"], used_s_ago)


async def delete_expired(db: SystemDb) -> None:
    await change(db, delete(refresh_tokens).where(refresh_tokens.c.expires_at < func.now()))
