"""Who is asking: the bearer of a key or of an access token, before anything else is read."""

from fastapi import Request

from callmissed.api.permissions import Rule, check_permission
from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.principals import Principal
from callmissed.kit.tokens import key_is_well_formed
from callmissed.runtime.house import House
from callmissed.services.auth import KEY_PREFIX, principal_of_jwt, principal_of_key
from callmissed.services.tenants import check_not_suspended

SCHEME = "bearer"
MAX_TOKEN_CHARS = 4096


async def admit(request: Request, rule: Rule) -> Principal:
    """Raises Refusal INVALID_API_KEY, TOKEN_EXPIRED, PERMISSION_DENIED."""
    principal = await identify(request.app.state.house, request.headers.get("authorization", ""))
    check_permission(principal, rule)
    return principal


async def identify(house: House, authorization: str) -> Principal:
    """Raises Refusal INVALID_API_KEY, TOKEN_EXPIRED. A mistyped key costs no query."""
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != SCHEME or not token or len(token) > MAX_TOKEN_CHARS:
        raise Refusal(
            Kind.INVALID_API_KEY,
            "No API key or access token was sent.",
            "Send the header `Authorization: Bearer cm_…`.",
        )
    if token.startswith(f"{KEY_PREFIX}_"):
        if not key_is_well_formed(token, KEY_PREFIX):
            raise Refusal(
                Kind.INVALID_API_KEY,
                "This is not an API key of ours: its length or checksum is wrong.",
                "Copy the key again, whole.",
            )
        async with house.database.system() as db:
            principal = await principal_of_key(db, house.keyring, token)
            await check_not_suspended(db, principal.tenant_id)
            return principal
    async with house.database.system() as db:
        principal = await principal_of_jwt(db, house.keyring, token)
        await check_not_suspended(db, principal.tenant_id)
        return principal
