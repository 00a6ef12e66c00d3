"""Rows of `invites`: open ones only; who accepts or revokes one takes its row away."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Executable, delete, func, insert, select

from callmissed.domain.people import Invite
from callmissed.domain.principals import Role
from callmissed.store.rows import OpenDb, change, fetch_all, fetch_first, fetch_value
from callmissed.store.schema import invites
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb


@dataclass(frozen=True, slots=True)
class FoundInvite:
    id: UUID
    tenant_id: UUID
    email: str
    role: Role


async def replace(
    db: OpenDb,
    tenant_id: UUID,
    email: str,
    role: Role,
    secret_hash: bytes,
    invited_by: UUID | None,
    expires_at: datetime,
) -> Invite:
    """The only open invitation of this e-mail afterwards."""
    table = invites.c
    await change(db, delete(invites).where(table.tenant_id == tenant_id, table.email == email))
    row = await fetch_first(
        db,
        insert(invites)
        .values(
            id=uuid4(),
            tenant_id=tenant_id,
            email=email,
            role=role.value,
            secret_hash=secret_hash,
            invited_by=invited_by,
            expires_at=expires_at,
            created_at=func.now(),
        )
        .returning(table.id, table.email, table.role, table.created_at, table.expires_at),
    )
    assert row is not None
    return Invite(**{**row, "role": Role(row["role"])})


async def list_open(db: TenantDb, limit: int, offset: int) -> tuple[list[Invite], int]:
    """Newest first; and how many there are."""
    table = invites.c
    is_open = table.expires_at > func.now()
    found = await fetch_all(
        db,
        select(table.id, table.email, table.role, table.created_at, table.expires_at)
        .where(is_open)
        .order_by(table.created_at.desc(), table.id)
        .limit(limit)
        .offset(offset),
    )
    total: int = await fetch_value(db, select(func.count()).select_from(invites).where(is_open))
    return [Invite(**{**row, "role": Role(row["role"])}) for row in found], total


async def remove(db: TenantDb, invite_id: UUID) -> FoundInvite | None:
    """None where there is none."""
    return await _found(db, delete(invites).where(invites.c.id == invite_id).returning(invites))


async def remove_by(db: TenantDb, person_id: UUID) -> None:
    """Those that this person sent."""
    await change(db, delete(invites).where(invites.c.invited_by == person_id))


async def find_of(db: TenantDb, email: str) -> FoundInvite | None:
    """The one of this e-mail, expired or not."""
    return await _found(db, select(invites).where(invites.c.email == email))


async def find(db: SystemDb, secret_hash: bytes) -> FoundInvite | None:
    """None for one that is unknown, accepted, revoked or expired."""
    return await _found(db, select(invites).where(*_usable(secret_hash)))


async def take(db: SystemDb, secret_hash: bytes) -> FoundInvite | None:
    """As `find`, and of any number at once exactly one gets it."""
    return await _found(db, delete(invites).where(*_usable(secret_hash)).returning(invites))


async def delete_expired(db: SystemDb) -> None:
    await change(db, delete(invites).where(invites.c.expires_at < func.now()))


def _usable(secret_hash: bytes) -> tuple[ColumnElement[bool], ...]:
    return invites.c.secret_hash == secret_hash, invites.c.expires_at > func.now()


async def _found(db: OpenDb, statement: Executable) -> FoundInvite | None:
    row = await fetch_first(db, statement)
    if row is None:
        return None
    return FoundInvite(row["id"], row["tenant_id"], row["email"], Role(row["role"]))
