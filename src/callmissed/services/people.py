"""The people of a tenant: seen, given another role, removed; and a person's own account."""

from uuid import UUID

from callmissed.domain.audit import Actor, ActorKind, actor_of
from callmissed.domain.errors import Kind, Refusal, not_found
from callmissed.domain.people import (
    Account,
    Member,
    Membership,
    authority_of,
    check_may_assign,
    email_taken,
    last_owner,
)
from callmissed.domain.principals import Principal, Role
from callmissed.services.audit import record
from callmissed.store import invites, owner_links, people
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb

MAY_INVITE = frozenset({Role.OWNER, Role.ADMIN})


async def list_people(db: TenantDb, limit: int, offset: int) -> tuple[list[Member], int]:
    """Who joined last comes first; and how many there are."""
    return await people.list_members(db, limit, offset)


async def change_role(db: TenantDb, principal: Principal, person_id: UUID, role: Role) -> Member:
    """In force from their next request on.

    Raises Refusal NOT_FOUND, PERMISSION_DENIED, CONFLICT for the last owner.
    """
    member = await _hold_member(db, principal, person_id, after=role)
    if member.role is role:
        return member
    await people.change_role(db, person_id, role)
    if role not in MAY_INVITE:
        await invites.remove_by(db, person_id)
    details = {"from": member.role.value, "to": role.value}
    actor = actor_of(principal)
    await record(db, db.tenant_id, actor, "person.role_changed", str(person_id), details)
    changed = await people.find_member(db, person_id)
    if changed is None:
        raise not_found("person")
    return changed


async def remove_person(db: TenantDb, principal: Principal, person_id: UUID) -> None:
    """They are out of this tenant at once, in every browser; so are invitations they sent.

    Raises Refusal NOT_FOUND, PERMISSION_DENIED, CONFLICT for the last owner.
    """
    member = await _hold_member(db, principal, person_id, after=None)
    await people.remove_member(db, person_id)
    details = {"role": member.role.value}
    await record(db, db.tenant_id, actor_of(principal), "person.removed", str(person_id), details)


async def account_of(db: SystemDb, person_id: UUID) -> tuple[Account, list[Membership]]:
    """A person as they see themselves, and their tenants, the one used last first."""
    return await people.account_of(db, person_id), await people.memberships_of(db, person_id)


async def set_account(
    db: SystemDb, principal: Principal, email: str, password_hash: str
) -> Account:
    """Gives e-mail and password to an owner who came by the link, once; the link is gone then.

    Raises Refusal CONFLICT where they have a password, or somebody else has the e-mail.
    """
    person_id = principal.person_id
    if person_id is None:
        raise not_found("person")
    await people.lock_email(db, email)
    holder = await people.find(db, email)
    if holder is not None and holder.person_id != person_id:
        raise email_taken()
    if not await people.set_account(db, person_id, email, password_hash):
        raise Refusal(
            Kind.CONFLICT,
            "This account has an e-mail and a password already.",
            "Change the password with POST /v1/me/password.",
        )
    await owner_links.remove_unused(db, person_id)
    actor = actor_of(principal)
    await record(db, principal.tenant_id, actor, "person.account_set", str(person_id))
    return await people.account_of(db, person_id)


async def record_for_person(db: SystemDb, person_id: UUID, action: str) -> None:
    """What somebody did with their own account, in the log of each of their tenants."""
    person = Actor(ActorKind.PERSON, person_id)
    for membership in await people.memberships_of(db, person_id):
        await record(db, membership.tenant_id, person, action, str(person_id))


async def _hold_member(
    db: TenantDb, principal: Principal, person_id: UUID, *, after: Role | None
) -> Member:
    """The member, whom nobody else changes until this transaction ends."""
    owners = await people.lock_owners(db)
    member = await people.lock_member(db, person_id)
    if member is None:
        raise not_found("person")
    authority = authority_of(principal)
    if authority is Role.OWNER and principal.person_id not in owners:
        # They lost the role a moment ago.
        authority = Role.ADMIN
    check_may_assign(authority, before=member.role, after=after)
    if owners == {person_id} and after is not Role.OWNER:
        raise last_owner()
    return member
