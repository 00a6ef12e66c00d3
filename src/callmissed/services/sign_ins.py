"""Browsers that people are signed in with: begun, kept with a refresh token, moved, ended."""

from datetime import datetime, timedelta
from uuid import UUID

from callmissed.domain.audit import Actor, ActorKind
from callmissed.domain.errors import Kind, Refusal, not_found
from callmissed.domain.keyring import Keyring
from callmissed.domain.people import SignIn
from callmissed.domain.principals import Principal, Role, SignedIn
from callmissed.kit.clock import utc_now
from callmissed.kit.signing import sign_claims
from callmissed.kit.tokens import key_is_well_formed, keyed_hash, mint_key
from callmissed.services.audit import record
from callmissed.services.auth import ACCESS, AUDIENCE, ISSUER, unknown_token
from callmissed.store import owner_links, people, refresh_tokens, sign_ins, tenants
from callmissed.store.system import SystemDb

LINK_PREFIX = "cmo"
REFRESH_PREFIX = "cmr"
ACCESS_TTL_S = 15 * 60
REFRESH_TTL_S = 30 * 24 * 3600
# However often it is refreshed, a browser signs in again after this.
LONGEST_S = 90 * 24 * 3600
# Two tabs that refresh at the same moment send the same cookie; after that a second use means that
# it was stolen.
REUSE_GRACE_S = 10
MAX_USER_AGENT_CHARS = 300


async def begin_sign_in(
    db: SystemDb, keyring: Keyring, person_id: UUID, tenant_id: UUID | None, user_agent: str
) -> SignedIn:
    """Signs a browser in; without a `tenant_id` to the one that the person used last.

    Raises Refusal NOT_FOUND for a tenant that is not theirs, PERMISSION_DENIED without any.
    """
    theirs = await people.memberships_of(db, person_id)
    if not theirs:
        raise Refusal(
            Kind.PERMISSION_DENIED,
            "This account belongs to no tenant any more.",
            "Ask somebody of the tenant for an invitation.",
        )
    chosen = next((one for one in theirs if tenant_id in (None, one.tenant_id)), None)
    if chosen is None:
        raise not_found("tenant")
    expires_at = utc_now() + timedelta(seconds=REFRESH_TTL_S)
    shown = "".join(char for char in user_agent if char.isprintable())[:MAX_USER_AGENT_CHARS]
    sign_in_id = await sign_ins.add(db, person_id, shown, expires_at)
    return await _issue(db, keyring, chosen.tenant_id, person_id, sign_in_id, expires_at)


async def claim_owner_link(
    db: SystemDb, keyring: Keyring, secret: str, user_agent: str = ""
) -> SignedIn:
    """Uses the one-time link up and signs its owner in; of any number at once exactly one succeeds.

    Raises Refusal INVALID_API_KEY for a link that is unknown or used.
    """
    check_link_form(secret)
    claimed = await owner_links.use(db, keyed_hash(keyring.refresh, secret))
    if claimed is None:
        raise _no_such_link()
    person = Actor(ActorKind.PERSON, claimed.person_id)
    await record(db, claimed.tenant_id, person, "owner_link.claimed", str(claimed.person_id))
    return await begin_sign_in(db, keyring, claimed.person_id, claimed.tenant_id, user_agent)


def check_link_form(secret: str) -> None:
    """Before any work is done for it. Raises Refusal INVALID_API_KEY for what is no owner link."""
    if not key_is_well_formed(secret, LINK_PREFIX):
        raise _no_such_link()


async def refresh(db: SystemDb, keyring: Keyring, token: str) -> SignedIn | None:
    """A fresh pair for a refresh token, which is used up by it.

    None for one that is unknown, expired or was used before; in the last case its sign-in is ended,
    so commit before you refuse (`sign_in_again` is the refusal).
    """
    if not key_is_well_formed(token, REFRESH_PREFIX):
        return None
    found = await refresh_tokens.take(db, keyed_hash(keyring.refresh, token))
    if found is None:
        return None
    if found.used_s_ago is not None and found.used_s_ago > REUSE_GRACE_S:
        await sign_ins.end(db, found.sign_in_id)
        return None
    return await _renew(db, keyring, found.tenant_id, found.person_id, found.sign_in_id)


async def switch_tenant(
    db: SystemDb, keyring: Keyring, principal: Principal, tenant_id: UUID
) -> SignedIn:
    """The same browser, in another tenant of its person.

    Raises Refusal NOT_FOUND for a tenant that is not theirs, INVALID_API_KEY where it was ended.
    """
    person_id, sign_in_id = principal.person_id, principal.sign_in_id
    if person_id is None or sign_in_id is None:
        raise unknown_token()
    if await people.role_of(db, tenant_id, person_id) is None:
        raise not_found("tenant")
    renewed = await _renew(db, keyring, tenant_id, person_id, sign_in_id)
    if renewed is None:
        raise unknown_token()
    return renewed


async def sign_out(db: SystemDb, keyring: Keyring, token: str) -> None:
    """The browser that holds this refresh token is signed out, at once."""
    if not key_is_well_formed(token, REFRESH_PREFIX):
        return
    found = await refresh_tokens.take(db, keyed_hash(keyring.refresh, token))
    if found is not None:
        await sign_ins.end(db, found.sign_in_id)


async def list_sign_ins(db: SystemDb, person_id: UUID) -> list[SignIn]:
    """Used last comes first."""
    return await sign_ins.list_of(db, person_id)


async def end_sign_in(db: SystemDb, person_id: UUID, sign_in_id: UUID) -> None:
    """Raises Refusal NOT_FOUND for one that is not theirs."""
    if not await sign_ins.end(db, sign_in_id, person_id):
        raise not_found("sign-in")


async def end_other_sign_ins(db: SystemDb, person_id: UUID, sign_in_id: UUID | None) -> None:
    """All but `sign_in_id`."""
    await sign_ins.end_all(db, person_id, but=sign_in_id)


def sign_in_again() -> Refusal:
    return Refusal(
        Kind.TOKEN_EXPIRED,
        "The refresh token is missing, expired or used.",
        "Sign in again.",
    )


def _no_such_link() -> Refusal:
    return Refusal(
        Kind.INVALID_API_KEY,
        "This owner link is not valid, or it was used already.",
        "Restart `callmissed up`: it prints a link as long as none was used.",
    )


async def _renew(
    db: SystemDb, keyring: Keyring, tenant_id: UUID, person_id: UUID, sign_in_id: UUID
) -> SignedIn | None:
    """None where the sign-in was ended, has lasted too long, or its person left the tenant."""
    if await people.role_of(db, tenant_id, person_id) is None:
        return None
    expires_at = await sign_ins.renew(db, sign_in_id, ttl_s=REFRESH_TTL_S, longest_s=LONGEST_S)
    if expires_at is None:
        return None
    return await _issue(db, keyring, tenant_id, person_id, sign_in_id, expires_at)


async def _issue(
    db: SystemDb,
    keyring: Keyring,
    tenant_id: UUID,
    person_id: UUID,
    sign_in_id: UUID,
    expires_at: datetime,
) -> SignedIn:
    role = await people.role_of(db, tenant_id, person_id)
    if role is None:
        raise unknown_token()
    token, hashed = _mint_refresh(keyring)
    await refresh_tokens.add(db, tenant_id, person_id, sign_in_id, hashed, expires_at)
    await people.mark_used(db, tenant_id, person_id)
    principal = Principal(tenant_id, person_id, role, None, frozenset(), sign_in_id)
    return SignedIn(
        access_jwt=_sign_access(keyring, principal, role),
        expires_in_s=ACCESS_TTL_S,
        refresh_token=token,
        refresh_expires_at=expires_at,
        principal=principal,
        tenant_name=await tenants.name_of(db, tenant_id),
    )


def _mint_refresh(keyring: Keyring) -> tuple[str, bytes]:
    token = mint_key(REFRESH_PREFIX)
    return token, keyed_hash(keyring.refresh, token)


def _sign_access(keyring: Keyring, principal: Principal, role: Role) -> str:
    issued = int(utc_now().timestamp())
    return sign_claims(
        keyring.access_jwt,
        {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "typ": ACCESS,
            "sub": str(principal.person_id),
            "tenant": str(principal.tenant_id),
            "sid": str(principal.sign_in_id),
            "role": role.value,
            "iat": issued,
            "exp": issued + ACCESS_TTL_S,
        },
    )
