"""Rows of `people` and their `memberships` of tenants."""

from uuid import UUID, uuid4

from sqlalchemy import func, insert, select

from callmissed.domain.principals import Role
from callmissed.store.rows import change, fetch_value
from callmissed.store.schema import memberships, people
from callmissed.store.system import SystemDb


async def add(db: SystemDb, email: str | None, password_hash: str | None) -> UUID:
    """`email` is kept in lower case, as it is compared."""
    person_id = uuid4()
    await change(
        db,
        insert(people).values(
            id=person_id,
            email=email.lower() if email else None,
            password_hash=password_hash,
            created_at=func.now(),
        ),
    )
    return person_id


async def add_membership(db: SystemDb, tenant_id: UUID, person_id: UUID, role: Role) -> None:
    await change(
        db,
        insert(memberships).values(
            tenant_id=tenant_id, person_id=person_id, role=role.value, created_at=func.now()
        ),
    )


async def role_of(db: SystemDb, tenant_id: UUID, person_id: UUID) -> Role | None:
    """None for a stranger to the tenant."""
    role = await fetch_value(
        db,
        select(memberships.c.role).where(
            memberships.c.tenant_id == tenant_id, memberships.c.person_id == person_id
        ),
    )
    return None if role is None else Role(role)
