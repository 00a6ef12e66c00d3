"""`/v1/bots`: what can answer a session, and how it is made, written and published."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response, status

from callmissed.api.bot_forms import (
    BotDraftIn,
    BotDraftOut,
    BotIn,
    BotOut,
    BotRenameIn,
    BotVersionOut,
    merge_terms,
    read_terms,
    show_bot,
    show_draft,
    show_version,
)
from callmissed.api.idempotency import IdempotencyKey, claim_of
from callmissed.api.routes import (
    SIGNED,
    WITH_BODY,
    CurrentHouse,
    CurrentPrincipal,
    TenantTransaction,
    guarded_router,
    refusals,
)
from callmissed.domain.audit import actor_of
from callmissed.domain.bots import MAX_VERSIONS, BotType
from callmissed.domain.errors import Kind
from callmissed.services import bots, idempotency
from callmissed.services.bot_checks import check_terms

MAX_OFFSET = 2**53
CREATE_ROUTE = "POST /v1/bots"
JUDGED = (Kind.NOT_FOUND, Kind.CONFLICT, Kind.MODEL_NOT_AVAILABLE, Kind.PROVIDER_UNAVAILABLE)
READ_KINDS = (*SIGNED, Kind.INVALID_VALUE, Kind.NOT_FOUND)

router = guarded_router("bots")

Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0)]
Version = Annotated[int, Path(ge=1, le=MAX_VERSIONS)]


@router.post(
    "/v1/bots",
    status_code=status.HTTP_201_CREATED,
    operation_id="create_bot",
    responses=refusals(*SIGNED, *WITH_BODY, *JUDGED, Kind.IDEMPOTENCY_MISMATCH),
)
async def create_bot(
    db: TenantTransaction,
    house: CurrentHouse,
    principal: CurrentPrincipal,
    response: Response,
    body: BotIn,
    idempotency_key: IdempotencyKey = None,
) -> BotOut:
    """A bot with its version 1, which answers from now on."""
    claim = claim_of(idempotency_key, CREATE_ROUTE, body.model_dump(mode="json"))
    if claim.key is not None:
        replay = await idempotency.claim_key(db, claim.key, claim.body_hash)
        if replay is not None:
            response.headers["Idempotent-Replayed"] = "true"
            return show_bot(await bots.get_bot(db, replay.resource_id))
    terms = read_terms(body)
    await check_terms(db, house.vault, terms)
    made = await bots.create_bot(db, actor_of(principal), body.name, body.type, terms)
    if claim.key is not None:
        await idempotency.remember(db, claim.key, made.id)
    return show_bot(made)


@router.get("/v1/bots", operation_id="list_bots", responses=refusals(*SIGNED, Kind.INVALID_VALUE))
async def list_bots(
    db: TenantTransaction,
    response: Response,
    kind: Annotated[BotType | None, Query(alias="type")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> list[BotOut]:
    """Newest first; the header `X-Total-Count` says how many there are."""
    page, total = await bots.list_bots(db, kind, limit, min(offset, MAX_OFFSET))
    response.headers["X-Total-Count"] = str(total)
    return [show_bot(bot) for bot in page]


@router.get("/v1/bots/{bot_id}", operation_id="get_bot", responses=refusals(*READ_KINDS))
async def get_bot(db: TenantTransaction, bot_id: UUID) -> BotOut:
    """One bot, as it answers."""
    return show_bot(await bots.get_bot(db, bot_id))


@router.patch(
    "/v1/bots/{bot_id}",
    operation_id="rename_bot",
    responses=refusals(*SIGNED, *WITH_BODY, Kind.NOT_FOUND),
)
async def rename_bot(
    db: TenantTransaction, principal: CurrentPrincipal, bot_id: UUID, body: BotRenameIn
) -> BotOut:
    """Only its name changes, at once; what it says and does is changed in its draft."""
    return show_bot(await bots.rename_bot(db, actor_of(principal), bot_id, body.name))


@router.delete(
    "/v1/bots/{bot_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="delete_bot",
    responses=refusals(*READ_KINDS),
)
async def delete_bot(db: TenantTransaction, principal: CurrentPrincipal, bot_id: UUID) -> None:
    """Nothing starts with it any more; calls that began with it go on to their end."""
    await bots.delete_bot(db, actor_of(principal), bot_id)


@router.get(
    "/v1/bots/{bot_id}/draft", operation_id="get_bot_draft", responses=refusals(*READ_KINDS)
)
async def get_draft(db: TenantTransaction, bot_id: UUID) -> BotDraftOut:
    """What is being written; 404 where nothing is."""
    return show_draft(await bots.get_draft(db, bot_id))


@router.patch(
    "/v1/bots/{bot_id}/draft",
    operation_id="change_bot_draft",
    responses=refusals(*SIGNED, *WITH_BODY, *JUDGED),
)
async def change_draft(
    db: TenantTransaction,
    house: CurrentHouse,
    principal: CurrentPrincipal,
    bot_id: UUID,
    body: BotDraftIn,
) -> BotDraftOut:
    """Begins a draft where there is none, from what is published. Calls do not notice."""
    terms = merge_terms(await bots.terms_in_hand(db, bot_id), body)
    await check_terms(db, house.vault, terms)
    return show_draft(await bots.save_draft(db, actor_of(principal), bot_id, terms))


@router.delete(
    "/v1/bots/{bot_id}/draft",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="discard_bot_draft",
    responses=refusals(*READ_KINDS),
)
async def discard_draft(db: TenantTransaction, principal: CurrentPrincipal, bot_id: UUID) -> None:
    """What was written is gone; what is published stays."""
    await bots.discard_draft(db, actor_of(principal), bot_id)


@router.post(
    "/v1/bots/{bot_id}/publish",
    operation_id="publish_bot",
    responses=refusals(*READ_KINDS, *JUDGED),
)
async def publish_draft(
    db: TenantTransaction, house: CurrentHouse, principal: CurrentPrincipal, bot_id: UUID
) -> BotOut:
    """The draft is the next version and answers from the next session on; sessions that have begun
    keep theirs. 404 where there is no draft.
    """
    terms = (await bots.get_draft(db, bot_id)).terms
    await check_terms(db, house.vault, terms)
    return show_bot(await bots.publish_draft(db, actor_of(principal), bot_id, terms))


@router.get(
    "/v1/bots/{bot_id}/versions",
    operation_id="list_bot_versions",
    responses=refusals(*READ_KINDS),
)
async def list_versions(
    db: TenantTransaction,
    response: Response,
    bot_id: UUID,
    limit: Limit = 50,
    offset: Offset = 0,
) -> list[BotVersionOut]:
    """Newest first; the header `X-Total-Count` says how many there are."""
    page, total = await bots.list_versions(db, bot_id, limit, min(offset, MAX_OFFSET))
    response.headers["X-Total-Count"] = str(total)
    return [show_version(found) for found in page]


@router.get(
    "/v1/bots/{bot_id}/versions/{version}",
    operation_id="get_bot_version",
    responses=refusals(*READ_KINDS),
)
async def get_version(db: TenantTransaction, bot_id: UUID, version: Version) -> BotVersionOut:
    """One version that was published."""
    return show_version(await bots.get_version(db, bot_id, version))


@router.post(
    "/v1/bots/{bot_id}/versions/{version}/restore",
    operation_id="restore_bot_version",
    responses=refusals(*READ_KINDS, *JUDGED),
)
async def restore_version(
    db: TenantTransaction,
    house: CurrentHouse,
    principal: CurrentPrincipal,
    bot_id: UUID,
    version: Version,
) -> BotOut:
    """What the bot said and did in this version is its next one, and answers from the next session
    on. A draft stays as it is.
    """
    terms = (await bots.get_version(db, bot_id, version)).terms
    await check_terms(db, house.vault, terms)
    return show_bot(await bots.restore_version(db, actor_of(principal), bot_id, version, terms))
