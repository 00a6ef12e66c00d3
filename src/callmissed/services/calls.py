"""What workers do with sessions: claim them, learn their terms, report what happened."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from callmissed.domain.budgets import fill_budgets
from callmissed.domain.calls import (
    ActionAsked,
    CallEnded,
    CallerArrived,
    CallNote,
    CallTerms,
    TurnFinished,
    TurnTaking,
    turn_taking_in,
)
from callmissed.domain.prompts import DEFAULT_PROMPT, default_greeting, fill_variables
from callmissed.domain.sessions import JOIN_WINDOW_S, RECONNECT_WINDOW_S, EndReason
from callmissed.domain.sound import SoundIn
from callmissed.domain.workers import LEASE_S, Claim
from callmissed.kit.clock import utc_now
from callmissed.services.call_knowledge import open_knowledge
from callmissed.services.provider_keys import Vault, open_access
from callmissed.services.sessions import SESSIONS_CHANNEL, end_session
from callmissed.services.tools import open_tools
from callmissed.store import bots, call_actions, claims, turns, usage
from callmissed.store.claims import ClaimedSession
from callmissed.store.jobs import announce
from callmissed.store.system import SystemDb

# A call that is resumed at its very end still has this long to say goodbye.
LEAST_DURATION_S = 1.0


async def claim_sessions(db: SystemDb, worker_id: UUID, limit: int) -> list[Claim]:
    """Takes up to `limit` sessions, oldest first: unclaimed ones, and those of workers that have
    fallen silent.

    Each gets this worker, the next epoch and a lease of `LEASE_S`; no session is given to two
    workers.
    """
    return await claims.take(db, worker_id, limit, lease_s=LEASE_S, silent_s=LEASE_S)


async def take_over(db: SystemDb, worker_id: UUID, lost: Mapping[UUID, int]) -> list[Claim]:
    """The next epoch, for this worker, of its own sessions whose process died in the epoch given
    with each; those that have ended meanwhile, or are another's, are left out.
    """
    return await claims.retake(db, worker_id, lost, lease_s=LEASE_S)


async def give_back(db: SystemDb, worker_id: UUID, lost: Mapping[UUID, int]) -> None:
    """As `take_over`, for whoever has a free slot."""
    for session_id in await claims.give_back(db, worker_id, lost):
        await announce(db, SESSIONS_CHANNEL, str(session_id))


async def give_up(db: SystemDb, worker_id: UUID, lost: Mapping[UUID, int], detail: str) -> None:
    """As `take_over`, but these sessions have failed, for what `detail` tells operators."""
    for claim in await claims.retake(db, worker_id, lost, lease_s=LEASE_S):
        await end_session(db, claim.session_id, EndReason.ERROR, detail)


async def load_terms(db: SystemDb, vault: Vault, claim: Claim) -> CallTerms:
    """Everything a call needs but its way into the room: `room_url` and `room_token` are empty. The
    keys of the providers on its route are open in it.

    Raises LookupError when the session has ended or another claim came after this one.
    """
    session = await claims.find_claimed(db, claim)
    if session is None:
        raise LookupError(f"session {claim.session_id} is not open at epoch {claim.epoch}")
    bot = None
    if session.bot_id is not None:
        bot = await bots.find_version(db, session.tenant_id, session.bot_id, session.bot_version)
    request = session.request
    prompt = request["system_prompt"] or (bot.terms.system_prompt if bot else DEFAULT_PROMPT)
    greeting = request["greeting"]
    if not request["greeting_given"]:
        own = bot.terms.greeting if bot else None
        greeting = own or default_greeting(session.route.tts_language)
    if bot and bot.terms.consent_notice:
        greeting = f"{greeting or ''} {bot.terms.consent_notice}".strip()
    bases = bot.terms.knowledge_base_ids if bot else ()
    known = await open_knowledge(db, vault, session.tenant_id, bases)
    history = await turns.exchanges_of(db, claim.session_id)
    taking = turn_taking_of(request["turn_taking"], session.route.language)
    return CallTerms(
        session_id=claim.session_id,
        tenant_id=session.tenant_id,
        epoch=claim.epoch,
        room=session.room,
        room_url="",
        room_token="",
        system_prompt=fill_variables(prompt, request["variables"]),
        greeting=None if greeting is None else fill_variables(greeting, request["variables"]),
        route=session.route,
        turn_taking=taking,
        passages=known.passages,
        max_duration_s=_seconds_left(session),
        join_window_s=_join_seconds_left(session),
        reconnect_window_s=RECONNECT_WINDOW_S,
        access=await open_access(db, vault, session.tenant_id, session.route),
        private_words=_given_words(request["variables"], bot.terms.variables if bot else {}),
        history=tuple(history),
        has_begun=session.spent_s is not None or bool(history),
        tools=await open_tools(
            db, vault.sealing, session.tenant_id, bot.terms.tools if bot else ()
        ),
        library_base_ids=known.base_ids,
        semantics=known.semantics,
        budgets_ms=fill_budgets(bot.terms.latency_budgets_ms if bot else {}, taking.wait_s),
        sound_in=bot.terms.sound_in if bot else SoundIn(),
    )


async def record_note(
    db: SystemDb, session_id: UUID, epoch: int, seq: int, note: CallNote, at: datetime | None = None
) -> None:
    """Brings one note of a call into the database; the same note again changes nothing.

    `at` is when it happened (None: now). A note of an epoch that has been overtaken leaves the
    session's state alone; its turns are kept. Notes of a session that is not there are dropped.
    """
    at = at or utc_now()
    match note:
        case TurnFinished(turn=turn):
            if await claims.lock(db, session_id) and await turns.add(
                db, session_id, epoch, seq, turn
            ):
                await claims.count_turn(db, session_id)
        case ActionAsked(action=action):
            await call_actions.add(db, session_id, epoch, seq, action, at)
        case CallEnded():
            await claims.add_audio(db, session_id, epoch, note.caller_audio_s, note.agent_audio_s)
            await usage.add(db, session_id, epoch, seq, note.usage)
            if await claims.is_current(db, session_id, epoch):
                await end_session(db, session_id, note.reason, note.detail, at)
        case CallerArrived():
            await claims.mark_arrived(db, session_id, epoch, at)


async def is_open(db: SystemDb, session_id: UUID) -> bool:
    return bool(await claims.list_open_among(db, [session_id]))


async def find_known(db: SystemDb, ids: Collection[UUID]) -> set[UUID]:
    """Those of `ids` that are sessions; the others were deleted."""
    return await claims.find_known(db, ids)


def turn_taking_of(asked: str | Mapping[str, Any], language: str) -> TurnTaking:
    """A preset by its name, or numbers in ms (`wait_ms`, `max_wait_ms`, `min_interruption_ms`) over
    `balanced`, as they are in the language (BCP-47).
    """
    if isinstance(asked, str):
        return turn_taking_in(language, asked)
    base = turn_taking_in(language)
    return TurnTaking(
        wait_s=asked.get("wait_ms", base.wait_s * 1000) / 1000,
        max_wait_s=asked.get("max_wait_ms", base.max_wait_s * 1000) / 1000,
        min_interruption_s=asked.get("min_interruption_ms", base.min_interruption_s * 1000) / 1000,
    )


def _given_words(variables: Mapping[str, str], usual: Mapping[str, str]) -> tuple[str, ...]:
    """What a session was told about its caller: not what the bot says to everybody."""
    return tuple(value for name, value in variables.items() if usual.get(name) != value)


def _join_seconds_left(session: ClaimedSession) -> float:
    return max(LEAST_DURATION_S, JOIN_WINDOW_S - session.waited_s)


def _seconds_left(session: ClaimedSession) -> float:
    return max(LEAST_DURATION_S, session.max_duration_s - (session.spent_s or 0.0))
