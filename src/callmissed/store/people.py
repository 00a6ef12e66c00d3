"""Rows of `people` and their `memberships` of tenants."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import RowMapping

from callmissed.domain.people import Account, Member, Membership, compared_email
from callmissed.domain.principals import Role
from callmissed.store.rows import change, fetch_all, fetch_first, fetch_value
from callmissed.store.schema import memberships, people, sign_ins, tenants
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """`password_hash` is None for who has no password yet."""

    person_id: UUID
    password_hash: str | None


async def add(db: SystemDb, email: str | None, password_hash: str | None) -> UUID | None:
    """The new person; None where the e-mail is somebody's already, also at the same moment."""
    person_id: UUID | None = await fetch_value(
        db,
        insert(people)
        .values(
            id=uuid4(),
            email=compared_email(email) if email else None,
            password_hash=password_hash,
            created_at=func.now(),
        )
        .on_conflict_do_nothing(index_elements=["email"])
        .returning(people.c.id),
    )
    return person_id


async def find(db: SystemDb, email: str) -> Credentials | None:
    row = await fetch_first(
        db,
        select(people.c.id, people.c.password_hash).where(people.c.email == compared_email(email)),
    )
    return None if row is None else Credentials(row["id"], row["password_hash"])


async def lock_credentials(db: SystemDb, person_id: UUID) -> Credentials | None:
    """As `find`; they stay as they are until this transaction ends."""
    row = await fetch_first(
        db,
        select(people.c.id, people.c.password_hash)
        .where(people.c.id == person_id)
        .with_for_update(),
    )
    return None if row is None else Credentials(row["id"], row["password_hash"])


async def account_of(db: SystemDb, person_id: UUID) -> Account:
    row = await fetch_first(db, select(people).where(people.c.id == person_id))
    if row is None:
        raise LookupError(str(person_id))
    return Account(row["id"], row["email"], row["password_hash"] is not None)


async def set_password(db: SystemDb, person_id: UUID, password_hash: str) -> None:
    await change(
        db, update(people).where(people.c.id == person_id).values(password_hash=password_hash)
    )


async def set_account(db: SystemDb, person_id: UUID, email: str, password_hash: str) -> bool:
    """Gives e-mail and password to who has no password; False where they have one.

    The caller sees to it that nobody else has the e-mail.
    """
    changed = await change(
        db,
        update(people)
        .where(people.c.id == person_id, people.c.password_hash.is_(None))
        .values(email=compared_email(email), password_hash=password_hash),
    )
    return changed == 1


async def lock_email(db: SystemDb, email: str) -> None:
    """One at a time may look whether this e-mail is free and take it, until this transaction ends."""
    key = func.hashtextextended(compared_email(email), 0)
    await db.connection.execute(select(func.pg_advisory_xact_lock(key)))


async def add_membership(db: SystemDb, tenant_id: UUID, person_id: UUID, role: Role) -> bool:
    """False where the person is a member already; their role stays."""
    added = await change(
        db,
        insert(memberships)
        .values(tenant_id=tenant_id, person_id=person_id, role=role.value, created_at=func.now())
        .on_conflict_do_nothing(),
    )
    return added == 1


async def role_of(db: SystemDb, tenant_id: UUID, person_id: UUID) -> Role | None:
    """None for a stranger to the tenant."""
    role = await fetch_value(
        db,
        select(memberships.c.role).where(
            memberships.c.tenant_id == tenant_id, memberships.c.person_id == person_id
        ),
    )
    return None if role is None else Role(role)


async def signed_in_role(
    db: SystemDb, tenant_id: UUID, person_id: UUID, sign_in_id: UUID
) -> Role | None:
    """As `role_of`; None also where that sign-in was ended."""
    holds = exists().where(
        sign_ins.c.id == sign_in_id,
        sign_ins.c.person_id == person_id,
        sign_ins.c.expires_at > func.now(),
    )
    role = await fetch_value(
        db,
        select(memberships.c.role).where(
            memberships.c.tenant_id == tenant_id, memberships.c.person_id == person_id, holds
        ),
    )
    return None if role is None else Role(role)


async def memberships_of(db: SystemDb, person_id: UUID) -> list[Membership]:
    """The tenant used last comes first; suspended ones, where nothing can be done, come last."""
    found = await fetch_all(
        db,
        select(memberships.c.tenant_id, memberships.c.role, tenants.c.name)
        .join(tenants, tenants.c.id == memberships.c.tenant_id)
        .where(memberships.c.person_id == person_id)
        .order_by(
            tenants.c.suspended_at.is_not(None),
            memberships.c.used_at.desc().nulls_last(),
            memberships.c.created_at,
        ),
    )
    return [Membership(row["tenant_id"], row["name"], Role(row["role"])) for row in found]


async def mark_used(db: SystemDb, tenant_id: UUID, person_id: UUID) -> None:
    """The person works in this tenant now."""
    await change(
        db,
        update(memberships)
        .where(memberships.c.tenant_id == tenant_id, memberships.c.person_id == person_id)
        .values(used_at=func.now()),
    )


async def list_members(db: TenantDb, limit: int, offset: int) -> tuple[list[Member], int]:
    """Who joined last comes first; and how many there are."""
    found = await fetch_all(
        db,
        select(memberships, people.c.email)
        .join(people, people.c.id == memberships.c.person_id)
        .order_by(memberships.c.created_at.desc(), memberships.c.person_id)
        .limit(limit)
        .offset(offset),
    )
    total: int = await fetch_value(db, select(func.count()).select_from(memberships))
    return [_member(row) for row in found], total


async def find_member(db: TenantDb, person_id: UUID) -> Member | None:
    row = await fetch_first(
        db,
        select(memberships, people.c.email)
        .join(people, people.c.id == memberships.c.person_id)
        .where(memberships.c.person_id == person_id),
    )
    return None if row is None else _member(row)


async def lock_member(db: TenantDb, person_id: UUID) -> Member | None:
    """As `find_member`; their role stays until this transaction ends or changes it."""
    held = select(memberships.c.role).where(memberships.c.person_id == person_id).with_for_update()
    if await fetch_value(db, held) is None:
        return None
    return await find_member(db, person_id)


async def has_email(db: TenantDb, email: str) -> bool:
    """Whether one of the tenant's people has this e-mail."""
    found = await fetch_value(
        db,
        select(memberships.c.person_id)
        .join(people, people.c.id == memberships.c.person_id)
        .where(people.c.email == compared_email(email)),
    )
    return found is not None


async def lock_owners(db: TenantDb) -> set[UUID]:
    """The tenant's owners, who stay owners until this transaction ends or changes them."""
    found = await fetch_all(
        db,
        select(memberships.c.person_id)
        .where(memberships.c.role == Role.OWNER.value)
        .order_by(memberships.c.person_id)
        .with_for_update(),
    )
    return {row["person_id"] for row in found}


async def change_role(db: TenantDb, person_id: UUID, role: Role) -> None:
    await change(
        db,
        update(memberships).where(memberships.c.person_id == person_id).values(role=role.value),
    )


async def remove_member(db: TenantDb, person_id: UUID) -> None:
    """With what hangs on the membership: refresh tokens, invitations they sent."""
    await change(db, delete(memberships).where(memberships.c.person_id == person_id))


async def delete_strays(db: SystemDb) -> None:
    """People who belong to no tenant any more."""
    member = exists().where(memberships.c.person_id == people.c.id)
    await change(db, delete(people).where(~member))


def _member(row: RowMapping) -> Member:
    return Member(
        row["person_id"], row["email"], Role(row["role"]), row["created_at"], row["used_at"]
    )
