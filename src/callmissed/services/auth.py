"""Who is asking: keys and access tokens."""

from uuid import UUID

from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.keyring import Keyring
from callmissed.domain.principals import Principal
from callmissed.kit.signing import ClaimsExpiredError, ClaimsInvalidError, read_claims
from callmissed.kit.tokens import key_is_well_formed, keyed_hash
from callmissed.store import api_keys, people
from callmissed.store.system import SystemDb

KEY_PREFIX = "cm"
ISSUER = "callmissed"
AUDIENCE = "callmissed-api"
ACCESS = "access"
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
    """Whom an access token stands for; the role is the one of now, not of when it was signed, and a
    sign-in that was ended is worth nothing at once.

    Raises Refusal TOKEN_EXPIRED, INVALID_API_KEY.
    """
    try:
        claims = read_claims(
            keyring.access_jwt, token, issuer=ISSUER, audience=AUDIENCE, kind=ACCESS
        )
        person_id, tenant_id = UUID(claims["sub"]), UUID(claims["tenant"])
        sign_in_id = UUID(claims["sid"])
    except ClaimsExpiredError as error:
        raise Refusal(
            Kind.TOKEN_EXPIRED,
            "The access token has expired.",
            "Ask POST /v1/auth/refresh for a new one.",
        ) from error
    except (ClaimsInvalidError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise unknown_token() from error
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


def _unknown_key() -> Refusal:
    return Refusal(
        Kind.INVALID_API_KEY,
        "This API key is not valid: unknown, mistyped, revoked or expired.",
        "Send `Authorization: Bearer cm_…` with a key of this installation.",
    )
