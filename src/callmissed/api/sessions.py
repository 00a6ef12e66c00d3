"""`/v1/voice/sessions`: create, list, read, end, and the transcript."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response, status
from fastapi.responses import PlainTextResponse

from callmissed.api.auth import address_of
from callmissed.api.idempotency import IdempotencyKey, KeyClaim, claim_of, claim_of_visitor
from callmissed.api.routes import (
    SIGNED,
    WITH_BODY,
    CurrentHouse,
    CurrentPrincipal,
    TenantTransaction,
    guarded_router,
    refusals,
)
from callmissed.api.session_forms import (
    VoiceSessionCreated,
    VoiceSessionIn,
    VoiceSessionOut,
    show_created,
    show_session,
)
from callmissed.api.turn_forms import TurnOut, show_turn
from callmissed.domain.bots import Bot
from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.limits import Account, accounts_of
from callmissed.domain.models import Route
from callmissed.domain.principals import Principal
from callmissed.domain.sessions import TOKEN_TTL_S, EndReason, Session, SessionRequest, Status
from callmissed.domain.transcripts import render_srt, render_text
from callmissed.kit.tokens import random_base62
from callmissed.runtime.house import House
from callmissed.services import bots, idempotency, sessions
from callmissed.services.key_bounds import check_allowed_models, narrow_to_page
from callmissed.services.limits import check_accounts, check_creates
from callmissed.services.models import route_request
from callmissed.services.outbound import check_url
from callmissed.services.provider_keys import find_owners
from callmissed.services.session_requests import complete_request

# About 190 bits: nobody enters a room whose name was not told.
ROOM_RANDOM_CHARS = 32
MAX_OFFSET = 2**53
CREATE_ROUTE = "POST /v1/voice/sessions"
SUBRIP = "application/x-subrip"
_TEXT = {"schema": {"type": "string"}}

router = guarded_router("voice sessions")

Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0)]

CREATE_KINDS = (
    *SIGNED,
    *WITH_BODY,
    Kind.NOT_FOUND,
    Kind.CONCURRENCY_LIMITED,
    Kind.IDEMPOTENCY_MISMATCH,
    Kind.MODEL_NOT_AVAILABLE,
    Kind.PROVIDER_UNAVAILABLE,
    Kind.AT_CAPACITY,
)
READ_KINDS = (*SIGNED, Kind.INVALID_VALUE, Kind.NOT_FOUND)


@router.post(
    "/v1/voice/sessions",
    status_code=status.HTTP_201_CREATED,
    operation_id="create_session",
    responses=refusals(*CREATE_KINDS),
)
async def create_session(
    house: CurrentHouse,
    principal: CurrentPrincipal,
    request: Request,
    response: Response,
    body: VoiceSessionIn | None = None,
    idempotency_key: IdempotencyKey = None,
) -> VoiceSessionCreated:
    """Makes a session and its room, and returns the token with which the caller joins it."""
    asked = body or VoiceSessionIn()
    claim = claim_of(
        idempotency_key, CREATE_ROUTE, asked.model_dump(mode="json", exclude_unset=True)
    )
    given = _given(asked)
    if principal.is_publishable:
        given = narrow_to_page(principal, given)
        claim = claim_of_visitor(claim, principal, address_of(request))
    plan = await _plan(house, principal, given, is_replayable=claim.key is not None)
    session, is_replay = await _create(house, principal.tenant_id, plan, claim)
    if is_replay:
        response.headers["Idempotent-Replayed"] = "true"
    expires_at = session.created_at + timedelta(seconds=TOKEN_TTL_S)
    token = house.rooms.caller_token(session.room, expires_at)
    return show_created(session, url=house.settings.livekit_public_url, token=token)


@router.get(
    "/v1/voice/sessions",
    operation_id="list_sessions",
    responses=refusals(*SIGNED, Kind.INVALID_VALUE),
)
async def list_sessions(
    db: TenantTransaction,
    response: Response,
    status: Status | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> list[VoiceSessionOut]:
    """Newest first; the header `X-Total-Count` says how many there are."""
    page, total = await sessions.list_sessions(db, status, limit, min(offset, MAX_OFFSET))
    response.headers["X-Total-Count"] = str(total)
    return [show_session(session) for session in page]


@router.get(
    "/v1/voice/sessions/{session_id}",
    operation_id="get_session",
    responses=refusals(*READ_KINDS),
)
async def get_session(db: TenantTransaction, session_id: UUID) -> VoiceSessionOut:
    """A session without the way into its room."""
    return show_session(await sessions.get_session(db, session_id))


@router.delete(
    "/v1/voice/sessions/{session_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="end_session",
    responses=refusals(*READ_KINDS),
)
async def end_session(db: TenantTransaction, session_id: UUID) -> None:
    """Ends a session as `api_delete`; one that has ended stays as it is."""
    await sessions.get_session(db, session_id)
    await sessions.end_session(db, session_id, EndReason.API_DELETE)


@router.get(
    "/v1/voice/sessions/{session_id}/transcript",
    operation_id="get_transcript",
    response_model=list[TurnOut],
    responses={
        200: {"content": {"text/plain": _TEXT, SUBRIP: _TEXT}},
        **refusals(*READ_KINDS),
    },
)
async def get_transcript(
    db: TenantTransaction,
    session_id: UUID,
    shape: Annotated[Literal["json", "txt", "srt"], Query(alias="format")] = "json",
) -> Any:
    """What was heard, turn by turn."""
    turns = await sessions.read_turns(db, session_id)
    if shape == "txt":
        return PlainTextResponse(render_text(turns))
    if shape == "srt":
        return PlainTextResponse(render_srt(turns), media_type=SUBRIP)
    return [show_turn(stored) for stored in turns]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What will run, and the providers' accounts that it draws on."""

    request: SessionRequest
    route: Route
    accounts: tuple[Account, ...]


async def _plan(
    house: House, principal: Principal, given: dict[str, Any], *, is_replayable: bool
) -> _Plan:
    """What will run, judged before a room is made for it.

    So are the tenant's limits and the vendors', as a first guess; a replay is not held up by them.
    """
    bot = None
    async with house.database.tenant(principal.tenant_id) as db:
        if "bot_id" in given:
            bot = await _find_bot(db, UUID(given["bot_id"]))
        if not is_replayable:
            await check_creates(db, house.settings.creates_per_minute)
        owners = await find_owners(db, house.vault)
        request = complete_request(house.catalog, given, bot)
        route = route_request(house.catalog, request, keys=frozenset(owners))
        check_allowed_models(principal, request, route)
        accounts = accounts_of(route, house.catalog.providers, owners)
        if not is_replayable:
            await check_accounts(db, accounts)
    if request.webhook_url is not None:
        allowed = house.settings.outbound_allow
        await check_url(request.webhook_url, allowed, house.resolver, param="webhook_url")
    return _Plan(request, route, accounts)


async def _find_bot(db: TenantTransaction, bot_id: UUID) -> Bot:
    try:
        return await bots.get_bot(db, bot_id)
    except Refusal as refusal:
        refusal.param = "bot_id"
        raise


async def _create(
    house: House, tenant_id: UUID, plan: _Plan, claim: KeyClaim
) -> tuple[Session, bool]:
    """The room first, outside any transaction; then everything else in one.

    A room that nobody needs is deleted; where the commit's fate is unknown it is left to expire.
    """
    room = f"voice-{random_base62(ROOM_RANDOM_CHARS)}"
    await house.rooms.create_room(room)
    try:
        async with house.database.tenant(tenant_id) as db:
            most = house.settings.creates_per_minute
            session, is_replay = await _store(db, plan, room, claim, most)
    except Refusal as refusal:
        if refusal.kind is not Kind.UNAVAILABLE:
            await _drop_room(house, room)
        raise
    if is_replay:
        await _drop_room(house, room)
    return session, is_replay


async def _store(
    db: TenantTransaction,
    plan: _Plan,
    room: str,
    claim: KeyClaim,
    creates_per_minute: int | None,
) -> tuple[Session, bool]:
    if claim.key is not None:
        replay = await idempotency.claim_key(db, claim.key, claim.body_hash)
        if replay is not None:
            return await sessions.get_session(db, replay.resource_id), True
    session = await sessions.create_session(
        db, plan.request, plan.route, room, creates_per_minute, plan.accounts
    )
    if claim.key is not None:
        await idempotency.remember(db, claim.key, session.id)
    return session, False


async def _drop_room(house: House, room: str) -> None:
    """An empty room expires by itself, so a media server that does not answer now is no matter."""
    with suppress(Refusal):
        await house.rooms.delete_room(room)


def _given(asked: VoiceSessionIn) -> dict[str, Any]:
    """The fields that were sent, under one name each; null counts for the greeting only."""
    sent = asked.model_dump(mode="json", exclude_unset=True)
    given = {name: value for name, value in sent.items() if value is not None}
    if "greeting" in sent:
        given["greeting"] = sent["greeting"]
    voice = given.pop("tts_voice", None)
    return given if voice is None else {**given, "voice": voice}
