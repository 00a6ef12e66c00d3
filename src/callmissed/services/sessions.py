"""Voice sessions: admitted, listed, read, ended exactly once."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from callmissed.domain.errors import Kind, Refusal, not_found
from callmissed.domain.limits import Account
from callmissed.domain.models import Route
from callmissed.domain.prompts import DEFAULT_PROMPT
from callmissed.domain.sessions import EndReason, Session, SessionRequest, Status, final_status
from callmissed.domain.tenants import suspended
from callmissed.domain.turns import StoredTurn
from callmissed.domain.workers import WORKER_SILENT_S
from callmissed.services import limits
from callmissed.services.bots import get_bot
from callmissed.store import events, sessions, tenants, turns, workers
from callmissed.store.jobs import announce, defer
from callmissed.store.rows import OpenDb
from callmissed.store.tenant import TenantDb

SESSIONS_CHANNEL = "callmissed_sessions"
ORDERS_CHANNEL = "callmissed_orders"
DELETE_ROOM = "delete_room"
ROOMS_QUEUE = "rooms"
STARTED = "voice_session.started"
ENDED = "voice_session.ended"
FAILED = "voice_session.failed"
NO_SLOT_RETRY_S = 5


async def create_session(
    db: TenantDb,
    request: SessionRequest,
    route: Route,
    room: str,
    creates_per_minute: int | None = None,
    accounts: Sequence[Account] = (),
) -> Session:
    """Admits and stores a session; what `store_session` says is true afterwards.

    Exact under any number of creates at once: a short lock is held from here to the commit.
    `creates_per_minute` of None is the plan's; `accounts` are the providers' that the call will
    draw on. Raises Refusal NOT_FOUND (bot), RATE_LIMITED, CONCURRENCY_LIMITED, AT_CAPACITY,
    PROVIDER_UNAVAILABLE, PERMISSION_DENIED (suspended).
    """
    await _admit(db, creates_per_minute)
    await limits.check_accounts(db, accounts)
    session = await store_session(db, request, route, room, accounts)
    await limits.count_create(db)
    return session


async def store_session(
    db: TenantDb,
    request: SessionRequest,
    route: Route,
    room: str,
    accounts: Sequence[Account] = (),
) -> Session:
    """The session is there, `voice_session.started` is written, and the workers are told.

    `room` must exist by the time this commits. Raises Refusal NOT_FOUND (bot).
    """
    bot_version = None if request.bot_id is None else (await get_bot(db, request.bot_id)).version
    session_id = uuid4()
    config = echo_config(request, room)
    session = await sessions.add(
        db, session_id, request, route, room, bot_version, config, accounts
    )
    await events.add(db, db.tenant_id, STARTED, session_id, _event_data(session.status, None))
    await announce(db, SESSIONS_CHANNEL, str(session_id))
    return session


async def get_session(db: TenantDb, session_id: UUID) -> Session:
    """Raises Refusal NOT_FOUND."""
    session = await sessions.find(db, session_id)
    if session is None:
        raise not_found("voice session")
    return session


async def list_sessions(
    db: TenantDb, status: Status | None = None, limit: int = 50, offset: int = 0
) -> tuple[list[Session], int]:
    """Newest first, with how many there are in all."""
    return await sessions.list_page(db, status, limit, offset), await sessions.count(db, status)


async def read_turns(db: TenantDb, session_id: UUID) -> list[StoredTurn]:
    """The transcript in order. Raises Refusal NOT_FOUND."""
    await get_session(db, session_id)
    return await turns.list_of(db, session_id)


async def end_session(
    db: OpenDb, session_id: UUID, reason: EndReason, detail: str = "", at: datetime | None = None
) -> bool:
    """Ends it once, whoever comes first: state, event, the room's deletion and the order to the
    worker in one.

    `at` is when it ended (None: now); `detail` is for operators. False when it had ended before or
    is not there (for a tenant: is not its own).
    """
    status = final_status(reason)
    ended = await sessions.end(db, session_id, status, reason, detail, at)
    if ended is None:
        return False
    await events.add(
        db,
        ended.tenant_id,
        FAILED if status is Status.FAILED else ENDED,
        session_id,
        _event_data(status, reason),
    )
    await defer(
        db,
        DELETE_ROOM,
        queueing_lock=f"{DELETE_ROOM}-{ended.room}",
        queue=ROOMS_QUEUE,
        room=ended.room,
    )
    order = {"session_id": str(session_id), "kind": "end", "reason": reason.value}
    await announce(db, ORDERS_CHANNEL, json.dumps(order))
    return True


def echo_config(request: SessionRequest, room: str) -> dict[str, Any]:
    """The request with its defaults, as the API shows it. A bot's own prompt is not repeated."""
    prompt = request.system_prompt
    return {
        "system_prompt": DEFAULT_PROMPT if prompt is None and request.bot_id is None else prompt,
        "voice": request.voice,
        "language": request.language,
        "llm_model": request.llm_model,
        "stt_model": request.stt_model,
        "tts_model": request.tts_model,
        "tts_provider": request.tts_provider,
        "tts_language": request.tts_language,
        "max_duration_seconds": request.max_duration_seconds,
        "greeting": request.greeting,
        "variables": dict(request.variables),
        "turn_taking": request.turn_taking,
        "livekit_room": room,
    }


def _event_data(status: Status, reason: EndReason | None) -> Mapping[str, Any]:
    return {"status": status.value, "end_reason": reason.value if reason else None}


async def _admit(db: TenantDb, creates_per_minute: int | None) -> None:
    await workers.lock_admission(db)
    if await tenants.is_suspended(db, db.tenant_id):
        raise suspended()
    await limits.check_creates(db, creates_per_minute)
    if await workers.count_free_slots(db, silent_s=WORKER_SILENT_S) < 1:
        raise Refusal(
            Kind.AT_CAPACITY,
            "Every slot of the workers is taken.",
            "Try again when a call has ended, or start more workers.",
            retry_after_s=NO_SLOT_RETRY_S,
        )
