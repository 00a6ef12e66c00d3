"""`/v1/api-keys`: make, list, change, roll and revoke the keys of a tenant."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from callmissed.api.idempotency import IdempotencyKey, KeyClaim, claim_of
from callmissed.api.key_forms import (
    ApiKeyCreated,
    ApiKeyIn,
    ApiKeyOut,
    ApiKeyPatch,
    RollIn,
    changes_of,
    show_created_key,
    show_key,
    terms_of,
)
from callmissed.api.permissions import grantable
from callmissed.api.routes import (
    SIGNED,
    WITH_BODY,
    CurrentHouse,
    CurrentPrincipal,
    TenantTransaction,
    guarded_router,
    refusals,
)
from callmissed.domain.api_keys import Reach
from callmissed.domain.audit import actor_of
from callmissed.domain.errors import Kind
from callmissed.domain.principals import Principal
from callmissed.kit.sealing import seal, unseal
from callmissed.runtime.house import House
from callmissed.services import api_keys, idempotency
from callmissed.services.api_keys import MadeKey, Maker

MAX_OFFSET = 2**53
PLACE = "idempotency_keys.sealed_answer/"

router = guarded_router("api keys")

MAKE_KINDS = (*SIGNED, *WITH_BODY, Kind.NOT_FOUND, Kind.CONFLICT, Kind.IDEMPOTENCY_MISMATCH)


@router.post(
    "/v1/api-keys",
    status_code=status.HTTP_201_CREATED,
    operation_id="create_api_key",
    responses=refusals(*MAKE_KINDS),
)
async def create_api_key(
    house: CurrentHouse,
    db: TenantTransaction,
    principal: CurrentPrincipal,
    response: Response,
    body: ApiKeyIn,
    idempotency_key: IdempotencyKey = None,
) -> ApiKeyCreated:
    """Makes a key, within the permissions of whoever makes it; the answer shows it once."""

    async def make() -> MadeKey:
        maker, known = _maker(principal), house.catalog.known_ids(body.allowed_models or ())
        return await api_keys.create_key(db, house.keyring, maker, body.name, terms_of(body), known)

    sent = body.model_dump(mode="json", exclude_unset=True)
    claim = _claim(idempotency_key, principal, "POST /v1/api-keys", sent)
    return await _make_once(house, db, response, claim, make)


@router.get(
    "/v1/api-keys",
    operation_id="list_api_keys",
    responses=refusals(*SIGNED, Kind.INVALID_VALUE),
)
async def list_api_keys(
    db: TenantTransaction,
    response: Response,
    include_revoked: Annotated[bool, Query(description="Also those that have ended.")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> list[ApiKeyOut]:
    """Newest first; the header `X-Total-Count` says how many there are."""
    offset = min(offset, MAX_OFFSET)
    page, total = await api_keys.list_keys(db, include_revoked, limit, offset)
    response.headers["X-Total-Count"] = str(total)
    return [show_key(key) for key in page]


@router.get(
    "/v1/api-keys/{key_id}",
    operation_id="get_api_key",
    responses=refusals(*SIGNED, Kind.INVALID_VALUE, Kind.NOT_FOUND),
)
async def get_api_key(db: TenantTransaction, key_id: UUID) -> ApiKeyOut:
    """One key, masked."""
    return show_key(await api_keys.get_key(db, key_id))


@router.patch(
    "/v1/api-keys/{key_id}",
    operation_id="change_api_key",
    responses=refusals(*SIGNED, *WITH_BODY, Kind.NOT_FOUND, Kind.CONFLICT),
)
async def change_api_key(
    house: CurrentHouse,
    db: TenantTransaction,
    principal: CurrentPrincipal,
    key_id: UUID,
    body: ApiKeyPatch,
) -> ApiKeyOut:
    """Changes the fields that are sent; holds for the next request with the key."""
    maker, known = _maker(principal), house.catalog.known_ids(body.allowed_models or ())
    return show_key(await api_keys.change_key(db, maker, key_id, changes_of(body), known))


@router.delete(
    "/v1/api-keys/{key_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="revoke_api_key",
    responses=refusals(*SIGNED, Kind.INVALID_VALUE, Kind.NOT_FOUND),
)
async def revoke_api_key(db: TenantTransaction, principal: CurrentPrincipal, key_id: UUID) -> None:
    """Ends the key at once, and every key that was made with it."""
    await api_keys.revoke_key(db, _maker(principal), key_id)


@router.post(
    "/v1/api-keys/{key_id}/roll",
    status_code=status.HTTP_201_CREATED,
    operation_id="roll_api_key",
    responses=refusals(*MAKE_KINDS),
)
async def roll_api_key(
    house: CurrentHouse,
    db: TenantTransaction,
    principal: CurrentPrincipal,
    response: Response,
    key_id: UUID,
    body: RollIn,
    idempotency_key: IdempotencyKey = None,
) -> ApiKeyCreated:
    """A new key on the same terms; the old one works until the overlap is over."""

    async def make() -> MadeKey:
        maker = _maker(principal)
        return await api_keys.roll_key(db, house.keyring, maker, key_id, body.overlap_seconds)

    route = f"POST /v1/api-keys/{key_id}/roll"
    claim = _claim(idempotency_key, principal, route, body.model_dump())
    return await _make_once(house, db, response, claim, make)


def _maker(principal: Principal) -> Maker:
    return Maker(actor_of(principal), Reach(grantable(principal), principal.key))


def _claim(key: str | None, principal: Principal, route: str, sent: dict[str, object]) -> KeyClaim:
    """Nobody is shown a key that somebody else made."""
    who = str(principal.key_id or principal.person_id)
    return claim_of(key, f"{route} {who}", sent)


async def _make_once(
    house: House,
    db: TenantTransaction,
    response: Response,
    claim: KeyClaim,
    make: Callable[[], Awaitable[MadeKey]],
) -> ApiKeyCreated:
    """A replay shows the same key again, which is kept sealed as long as its claim."""
    if claim.key is None:
        made = await make()
        return show_created_key(made.key, made.secret)
    replay = await idempotency.claim_key(db, claim.key, claim.body_hash)
    if replay is not None and replay.sealed_answer is not None:
        key = await api_keys.get_key(db, replay.resource_id)
        response.headers["Idempotent-Replayed"] = "true"
        place = f"{PLACE}{key.id}"
        secret = unseal(house.keyring.sealing, replay.sealed_answer, place=place)
        return show_created_key(key, secret)
    made = await make()
    sealed = seal(house.keyring.sealing, made.secret, place=f"{PLACE}{made.key.id}")
    await idempotency.remember(db, claim.key, made.key.id, sealed)
    return show_created_key(made.key, made.secret)
