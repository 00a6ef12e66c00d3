"""Invitations to a tenant: made, listed, withdrawn, and accepted by whoever holds the link."""

from datetime import timedelta
from uuid import UUID

from callmissed.domain.audit import SYSTEM, Actor, ActorKind, actor_of
from callmissed.domain.errors import Kind, Refusal, invalid, not_found
from callmissed.domain.keyring import Keyring
from callmissed.domain.mails import MailKind, MailOrder
from callmissed.domain.people import (
    INVITE_TTL_S,
    Invite,
    ReadInvite,
    Visitor,
    authority_of,
    check_may_assign,
    check_password,
    compared_email,
    link_not_valid,
)
from callmissed.domain.principals import Principal, Role, SignedIn
from callmissed.kit.clock import utc_now
from callmissed.kit.tokens import key_is_well_formed, keyed_hash, mint_key
from callmissed.services.audit import record
from callmissed.services.mails import leave_mail
from callmissed.services.passwords import Passwords
from callmissed.services.sign_in import hold_proven, prove_password
from callmissed.services.sign_ins import begin_sign_in
from callmissed.store import invites, people, tenants
from callmissed.store.database import Database
from callmissed.store.invites import FoundInvite
from callmissed.store.people import Credentials
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb

INVITE_PREFIX = "cmi"


async def invite_person(
    db: TenantDb,
    keyring: Keyring,
    principal: Principal,
    email: str,
    role: Role,
    *,
    public_url: str,
    by_mail: bool,
) -> tuple[Invite, str]:
    """The invitation and its link, which is told here only; an older one of this e-mail is replaced.

    Raises Refusal PERMISSION_DENIED, CONFLICT for who is a member already.
    """
    email = compared_email(email)
    older = await invites.find_of(db, email)
    check_may_assign(authority_of(principal), before=older.role if older else None, after=role)
    actor = actor_of(principal)
    invite, link = await _invite(db, keyring, actor, principal.person_id, email, role, public_url)
    if by_mail:
        name = await tenants.name_of(db, db.tenant_id)
        order = MailOrder(MailKind.INVITE, email, link, name)
        await leave_mail(db, keyring, db.tenant_id, order)
    return invite, link


async def invite_by_operator(
    db: TenantDb, keyring: Keyring, email: str, role: Role, public_url: str
) -> str:
    """The link; for whoever has the command line. Raises Refusal CONFLICT, NOT_FOUND."""
    email = compared_email(email)
    if await tenants.find(db, db.tenant_id) is None:
        raise not_found("tenant")
    _, link = await _invite(db, keyring, SYSTEM, None, email, role, public_url)
    return link


async def list_invites(db: TenantDb, limit: int, offset: int) -> tuple[list[Invite], int]:
    """Open ones, newest first; and how many there are."""
    return await invites.list_open(db, limit, offset)


async def revoke_invite(db: TenantDb, principal: Principal, invite_id: UUID) -> None:
    """Raises Refusal NOT_FOUND, PERMISSION_DENIED for an owner's by another."""
    removed = await invites.remove(db, invite_id)
    if removed is None:
        raise not_found("invite")
    check_may_assign(authority_of(principal), before=removed.role, after=None)
    await record(db, db.tenant_id, actor_of(principal), "invite.revoked", str(invite_id))


async def read_invite(db: SystemDb, keyring: Keyring, secret: str) -> ReadInvite:
    """What the holder of the link may know of it. Raises Refusal LINK_NOT_VALID."""
    found, invitee = await _find(db, keyring, secret)
    name = await tenants.name_of(db, found.tenant_id)
    return ReadInvite(name, found.email, found.role, has_account=invitee is not None)


async def accept_invite(
    database: Database,
    keyring: Keyring,
    passwords: Passwords,
    secret: str,
    password: str,
    visitor: Visitor,
) -> SignedIn:
    """The invited is a member and signed in; of any number at once exactly one is.

    Who has no account gets one with this password; who has one must give its password, because the
    link was also shown to the inviter. Raises Refusal LINK_NOT_VALID, INVALID_CREDENTIALS,
    INVALID_VALUE, RATE_LIMITED, UNAVAILABLE.
    """
    async with database.system() as db:
        found, invitee = await _find(db, keyring, secret)
    if invitee is None:
        check_password(password, found.email)
        password_hash = await passwords.hash(password)
    else:
        invitee = await prove_password(database, keyring, passwords, found.email, password, visitor)
        password_hash = ""
    async with database.system() as db:
        taken = await invites.take(db, keyed_hash(keyring.refresh, secret))
        if taken is None:
            raise link_not_valid()
        person_id = await _take_in(db, taken, invitee, password_hash)
        person = Actor(ActorKind.PERSON, person_id)
        details = {"role": taken.role.value, "invite": str(taken.id)}
        await record(db, taken.tenant_id, person, "person.joined", str(person_id), details)
        return await begin_sign_in(db, keyring, person_id, taken.tenant_id, visitor.user_agent)


async def _invite(
    db: TenantDb,
    keyring: Keyring,
    actor: Actor,
    invited_by: UUID | None,
    email: str,
    role: Role,
    public_url: str,
) -> tuple[Invite, str]:
    if await people.has_email(db, email):
        raise Refusal(
            Kind.CONFLICT,
            "Somebody with this e-mail is in the tenant already.",
            "Change their role instead.",
            param="email",
        )
    secret = mint_key(INVITE_PREFIX)
    hashed = keyed_hash(keyring.refresh, secret)
    expires_at = utc_now() + timedelta(seconds=INVITE_TTL_S)
    invite = await invites.replace(db, db.tenant_id, email, role, hashed, invited_by, expires_at)
    details = {"role": role.value}
    await record(db, db.tenant_id, actor, "invite.created", str(invite.id), details)
    return invite, f"{public_url}/invite#{secret}"


async def _find(
    db: SystemDb, keyring: Keyring, secret: str
) -> tuple[FoundInvite, Credentials | None]:
    found = None
    if key_is_well_formed(secret, INVITE_PREFIX):
        found = await invites.find(db, keyed_hash(keyring.refresh, secret))
    if found is None:
        raise link_not_valid()
    return found, await people.find(db, found.email)


async def _take_in(
    db: SystemDb, taken: FoundInvite, invitee: Credentials | None, password_hash: str
) -> UUID:
    if invitee is not None:
        await hold_proven(db, invitee)
        person_id = invitee.person_id
    else:
        await people.lock_email(db, taken.email)
        added = await people.add(db, taken.email, password_hash)
        if added is None:
            raise invalid(
                "password",
                "An account with this e-mail was made a moment ago.",
                "Accept again with the password of that account.",
            )
        person_id = added
    await people.add_membership(db, taken.tenant_id, person_id, taken.role)
    return person_id
