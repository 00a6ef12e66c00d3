"""Who is asking: keys, access tokens, the owner link, refresh tokens."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.keyring import Keyring
from callmissed.domain.principals import Principal, Role, SignedIn
from callmissed.kit.clock import utc_now
from callmissed.kit.signing import ClaimsExpiredError, ClaimsInvalidError, read_claims, sign_claims
from callmissed.kit.tokens import key_is_well_formed, keyed_hash, mint_key
from callmissed.store import api_keys, owner_links, people, refresh_tokens, tenants
from callmissed.store.system import SystemDb

KEY_PREFIX = "cm"
LINK_PREFIX = "cmo"
REFRESH_PREFIX = "cmr"
ISSUER = "callmissed"
AUDIENCE = "callmissed-api"
ACCESS = "access"
ACCESS_TTL_S = 15 * 60
REFRESH_TTL_S = 30 * 24 * 3600
# Two tabs that refresh at the same moment send the same cookie; after that a second use means that
# it was stolen.
REUSE_GRACE_S = 10
LAST_USE_EVERY_S = 60


async def principal_of_key(db: SystemDb, keyring: Keyring, key: str) -> Principal:
    """Whom a `cm_…` key stands for; a key whose checksum is wrong costs no query.

    Raises Refusal INVALID_API_KEY for one that is unknown, revoked or expired.
    """
    if not key_is_well_formed(key, KEY_PREFIX):
        raise _unknown_key()
    found = await api_keys.find_usable(db, keyed_hash(keyring.api_keys, key))
    if found is None:
        raise _unknown_key()
    await api_keys.mark_used(db, found.id, every_s=LAST_USE_EVERY_S)
    return Principal(found.tenant_id, None, None, found.id, found.permissions)


async def principal_of_jwt(db: SystemDb, keyring: Keyring, token: str) -> Principal:
    """Whom an access token stands for; the role is the one of now, not of when it was signed.

    Raises Refusal TOKEN_EXPIRED, INVALID_API_KEY.
    """
    try:
        claims = read_claims(
            keyring.access_jwt, token, issuer=ISSUER, audience=AUDIENCE, kind=ACCESS
        )
        person_id, tenant_id = UUID(claims["sub"]), UUID(claims["tenant"])
    except ClaimsExpiredError as error:
        raise Refusal(
            Kind.TOKEN_EXPIRED,
            "The access token has expired.",
            "Ask POST /v1/auth/refresh for a new one.",
        ) from error
    except (ClaimsInvalidError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise _unknown_token() from error
    role = await people.role_of(db, tenant_id, person_id)
    if role is None:
        raise _unknown_token()
    return Principal(tenant_id, person_id, role, None, frozenset())


async def claim_owner_link(db: SystemDb, keyring: Keyring, secret: str) -> SignedIn:
    """Uses the one-time link up and signs its owner in; of any number at once exactly one succeeds.

    Raises Refusal INVALID_API_KEY for a link that is unknown or used.
    """
    claimed = None
    if key_is_well_formed(secret, LINK_PREFIX):
        claimed = await owner_links.use(db, keyed_hash(keyring.refresh, secret))
    if claimed is None:
        raise Refusal(
            Kind.INVALID_API_KEY,
            "This owner link is not valid, or it was used already.",
            "Restart `callmissed up`: it prints a link as long as none was used.",
        )
    return await _sign_in(db, keyring, claimed.tenant_id, claimed.person_id, family_id=uuid4())


async def refresh(db: SystemDb, keyring: Keyring, token: str) -> SignedIn | None:
    """A fresh pair for a refresh token, which is used up by it.

    None for one that is unknown, expired or was used before; in the last case all its descendants
    are revoked, so commit before you refuse (`sign_in_again` is the refusal).
    """
    if not key_is_well_formed(token, REFRESH_PREFIX):
        return None
    found = await refresh_tokens.take(db, keyed_hash(keyring.refresh, token))
    if found is None:
        return None
    if found.used_s_ago is not None and found.used_s_ago > REUSE_GRACE_S:
        await refresh_tokens.revoke_family(db, found.family_id)
        return None
    if await people.role_of(db, found.tenant_id, found.person_id) is None:
        return None
    return await _sign_in(db, keyring, found.tenant_id, found.person_id, family_id=found.family_id)


async def sign_out(db: SystemDb, keyring: Keyring, token: str) -> None:
    """The refresh token and all that came from the same sign-in are worth nothing afterwards."""
    if not key_is_well_formed(token, REFRESH_PREFIX):
        return
    found = await refresh_tokens.take(db, keyed_hash(keyring.refresh, token))
    if found is not None:
        await refresh_tokens.revoke_family(db, found.family_id)


def sign_in_again() -> Refusal:
    return Refusal(
        Kind.TOKEN_EXPIRED,
        "The refresh token is missing, expired or used.",
        "Sign in again.",
    )


async def _sign_in(
    db: SystemDb, keyring: Keyring, tenant_id: UUID, person_id: UUID, *, family_id: UUID
) -> SignedIn:
    role = await people.role_of(db, tenant_id, person_id)
    if role is None:
        raise _unknown_token()
    now = utc_now()
    token = mint_key(REFRESH_PREFIX)
    expires_at = now + timedelta(seconds=REFRESH_TTL_S)
    await refresh_tokens.add(
        db, tenant_id, person_id, family_id, keyed_hash(keyring.refresh, token), expires_at
    )
    return SignedIn(
        access_jwt=_sign_access(keyring, tenant_id, person_id, role, now),
        expires_in_s=ACCESS_TTL_S,
        refresh_token=token,
        refresh_expires_at=expires_at,
        principal=Principal(tenant_id, person_id, role, None, frozenset()),
        tenant_name=await tenants.name_of(db, tenant_id),
    )


def _sign_access(
    keyring: Keyring, tenant_id: UUID, person_id: UUID, role: Role, now: datetime
) -> str:
    issued = int(now.timestamp())
    return sign_claims(
        keyring.access_jwt,
        {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "typ": ACCESS,
            "sub": str(person_id),
            "tenant": str(tenant_id),
            "role": role.value,
            "iat": issued,
            "exp": issued + ACCESS_TTL_S,
        },
    )


def _unknown_key() -> Refusal:
    return Refusal(
        Kind.INVALID_API_KEY,
        "This API key is not valid: unknown, mistyped, revoked or expired.",
        "Send `Authorization: Bearer cm_…` with a key of this installation.",
    )


def _unknown_token() -> Refusal:
    return Refusal(
        Kind.INVALID_API_KEY,
        "This access token is not valid.",
        "Sign in again, or send an API key as `Authorization: Bearer cm_…`.",
    )
