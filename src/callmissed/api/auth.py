"""Who is asking: the bearer of a key or of an access token, before anything else is read."""

from fastapi import Request

from callmissed.api.limits import (
    KeyMemory,
    check_standing,
    key_counters,
    too_many_unknown,
    unknown_counter,
)
from callmissed.api.permissions import Rule, check_permission
from callmissed.domain.api_keys import PREFIX_OF
from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.limits import Standing
from callmissed.domain.principals import Principal
from callmissed.kit.host_rules import origin_matches
from callmissed.kit.tokens import keyed_hash
from callmissed.runtime.house import House
from callmissed.services import limits
from callmissed.services.auth import (
    find_principal,
    kind_of_key,
    principal_of_access,
    read_access_token,
    unknown_key,
)
from callmissed.services.tenants import check_not_suspended

SCHEME = "bearer"
MAX_TOKEN_CHARS = 4096
KEY_PREFIXES = tuple(f"{prefix}_" for prefix in PREFIX_OF.values())


async def admit(request: Request, rule: Rule) -> Principal:
    """Leaves where the key's rate stands in `request.state.standing`.

    Raises Refusal INVALID_API_KEY, TOKEN_EXPIRED, RATE_LIMITED, PERMISSION_DENIED.
    """
    token = _bearer_of(request.headers.get("authorization", ""))
    house: House = request.app.state.house
    if not token.startswith(KEY_PREFIXES):
        principal, standing = await _identify_person(house, token), None
    else:
        memory: KeyMemory = request.app.state.key_memory
        principal, standing = await _identify_key(house, memory, token, address_of(request))
    request.state.standing = standing
    _check_origin(principal, request.headers.getlist("origin"))
    check_permission(principal, rule)
    return principal


def address_of(request: Request) -> str:
    """The sender's address; that of a proxy where uvicorn does not trust it."""
    return request.client.host if request.client else ""


def _bearer_of(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != SCHEME or not token or len(token) > MAX_TOKEN_CHARS:
        raise Refusal(
            Kind.INVALID_API_KEY,
            "No API key or access token was sent.",
            "Send the header `Authorization: Bearer cm_…`.",
        )
    return token


async def _identify_key(
    house: House, memory: KeyMemory, key: str, address: str
) -> tuple[Principal, Standing | None]:
    """A mistyped key costs no query, an unknown one a query each few seconds, and from one address
    only so many. One short transaction, committed before anything is refused.
    """
    if kind_of_key(key) is None:
        raise Refusal(
            Kind.INVALID_API_KEY,
            "This is not an API key of ours: its length or checksum is wrong.",
            "Copy the key again, whole.",
        )
    key_hash = keyed_hash(house.keyring.api_keys, key)
    if memory.is_unknown(key_hash):
        raise unknown_key()
    memory.check_address(key_hash, address)
    async with house.database.system() as db:
        principal = await find_principal(db, key_hash)
        if principal is None:
            standing = await limits.take(db, unknown_counter(address))
        else:
            standing = await limits.take(db, key_counters(principal.key, address))
    if principal is None:
        memory.note_unknown(key_hash, address, standing)
        if standing is not None and standing.retry_after_s is not None:
            raise too_many_unknown(standing)
        raise unknown_key()
    memory.note_good(key_hash)
    check_standing(standing)
    return principal, standing


async def _identify_person(house: House, token: str) -> Principal:
    """A forged or expired token costs no query."""
    claims = read_access_token(house.keyring, token)
    async with house.database.system() as db:
        principal = await principal_of_access(db, claims)
        await check_not_suspended(db, principal.tenant_id)
        return principal


def _check_origin(principal: Principal, origins: list[str]) -> None:
    """A key with domains works on their pages; a publishable one nowhere else."""
    key = principal.key
    if key is None or not key.terms.allowed_domains:
        return
    if not origins and not principal.is_publishable:
        return
    if len(origins) != 1 or not origin_matches(origins[0], key.terms.allowed_domains):
        raise Refusal(
            Kind.PERMISSION_DENIED,
            "This key may not be used from this page."
            if origins
            else "This key may be used from a page only: there is no header Origin.",
            "An admin can add the page's host to the key's allowed_domains.",
        )
