"""Who is asking: keys and access tokens."""

from dataclasses import dataclass
from uuid import UUID

from callmissed.domain.api_keys import PREFIX_OF, KeyKind
from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.keyring import Keyring
from callmissed.domain.principals import Principal
from callmissed.domain.tenants import suspended
from callmissed.kit.signing import ClaimsExpiredError, ClaimsInvalidError, read_claims
from callmissed.kit.tokens import key_is_well_formed, keyed_hash
from callmissed.store import api_keys, people
from callmissed.store.system import SystemDb

KEY_PREFIX = PREFIX_OF[KeyKind.SECRET]
ISSUER = "callmissed"
AUDIENCE = "callmissed-api"
ACCESS = "access"
LAST_USE_EVERY_S = 60


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What an access token says that was signed by us and is in its time."""

    tenant_id: UUID
    person_id: UUID
    sign_in_id: UUID


async def principal_of_key(db: SystemDb, keyring: Keyring, key: str) -> Principal:
    """Whom a `cm_…` or `cmp_…` key stands for; a key whose checksum is wrong costs no query.

    Raises Refusal INVALID_API_KEY for one that is unknown, revoked or expired.
    """
    found = None
    if kind_of_key(key) is not None:
        found = await find_principal(db, keyed_hash(keyring.api_keys, key))
    if found is None:
        raise unknown_key()
    return found


async def find_principal(db: SystemDb, key_hash: bytes) -> Principal | None:
    """Whom a key stands for, by its hash; None for one that is unknown, revoked or expired.

    Raises Refusal PERMISSION_DENIED for a suspended tenant.
    """
    found = await api_keys.find_usable(db, key_hash, use_noted_s=LAST_USE_EVERY_S)
    if found is None:
        return None
    if found.is_suspended:
        raise suspended()
    key = found.key
    if found.is_due:
        await api_keys.mark_used(db, key.id)
    is_publishable = key.terms.kind is KeyKind.PUBLISHABLE
    permissions = key.terms.permissions
    return Principal(
        key.tenant_id, None, None, key.id, permissions, is_publishable=is_publishable, key=key
    )


def kind_of_key(key: str) -> KeyKind | None:
    """None for what is no well-formed key: its length, alphabet or checksum is wrong."""
    for kind, prefix in PREFIX_OF.items():
        if key_is_well_formed(key, prefix):
            return kind
    return None


async def principal_of_jwt(db: SystemDb, keyring: Keyring, token: str) -> Principal:
    """As `read_access_token` and `principal_of_access`."""
    return await principal_of_access(db, read_access_token(keyring, token))


def read_access_token(keyring: Keyring, token: str) -> AccessClaims:
    """Costs no query. Raises Refusal TOKEN_EXPIRED, INVALID_API_KEY."""
    try:
        claims = read_claims(
            keyring.access_jwt, token, issuer=ISSUER, audience=AUDIENCE, kind=ACCESS
        )
        ids = UUID(claims["tenant"]), UUID(claims["sub"]), UUID(claims["sid"])
    except ClaimsExpiredError as error:
        raise Refusal(
            Kind.TOKEN_EXPIRED,
            "The access token has expired.",
            "Ask POST /v1/auth/refresh for a new one.",
        ) from error
    except (ClaimsInvalidError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise unknown_token() from error
    return AccessClaims(*ids)


async def principal_of_access(db: SystemDb, claims: AccessClaims) -> Principal:
    """Whom an access token stands for; the role is the one of now, not of when it was signed, and a
    sign-in that was ended is worth nothing at once.

    Raises Refusal INVALID_API_KEY.
    """
    tenant_id, person_id, sign_in_id = claims.tenant_id, claims.person_id, claims.sign_in_id
    role = await people.signed_in_role(db, tenant_id, person_id, sign_in_id)
    if role is None:
        raise unknown_token()
    return Principal(tenant_id, person_id, role, None, frozenset(), sign_in_id)


def unknown_token() -> Refusal:
    return Refusal(
        Kind.INVALID_API_KEY,
        "This access token is not valid.",
        "Sign in again, or send an API key as `Authorization: Bearer cm_…`.",
    )


def unknown_key() -> Refusal:
    return Refusal(
        Kind.INVALID_API_KEY,
        "This API key is not valid: unknown, mistyped, revoked or expired.",
        "Send `Authorization: Bearer cm_…` with a key of this installation.",
    )
