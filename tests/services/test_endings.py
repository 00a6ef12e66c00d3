"""A session ends once, whoever says so first, in whatever order its notes come."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from callmissed.domain.calls import CallEnded, CallerArrived, TurnFinished
from callmissed.domain.errors import Refusal
from callmissed.domain.sessions import EndReason, Session, Status, final_status
from callmissed.services import calls, sessions, sweeps
from callmissed.store.database import Database
from tests.stories import (
    Tenant,
    a_claim,
    a_later_claim,
    a_session,
    a_tenant,
    a_turn,
    a_worker,
    rows,
    shift,
)

NOW = datetime.now(UTC)
ARRIVED_AT = NOW - timedelta(seconds=1000)
TURNS = ("turn-1", "turn-2", "turn-3")
ENDINGS = ("call_ended", "api_delete", "sweep")
STEPS = ("arrived", *TURNS, *ENDINGS)


async def take_step(database: Database, session: Session, step: str, epoch: int = 1) -> None:
    """One thing that may happen to a session that was made long ago and is in its first epoch."""
    if step == "api_delete":
        async with database.tenant(session.tenant_id) as tenant_db:
            await sessions.end_session(tenant_db, session.id, EndReason.API_DELETE)
        return
    async with database.system() as db:
        if step == "sweep":
            await sweeps.end_overdue(db)
        elif step == "arrived":
            await calls.record_note(db, session.id, epoch, 0, CallerArrived(), ARRIVED_AT)
        elif step == "call_ended":
            note = CallEnded(EndReason.USER_LEFT, caller_audio_s=12.5, agent_audio_s=7.25)
            await calls.record_note(db, session.id, epoch, 9, note, NOW - timedelta(seconds=1))
        else:
            seq = int(step[-1])
            note_of_turn = TurnFinished(a_turn(step))
            await calls.record_note(db, session.id, epoch, seq, note_of_turn)


def expected_end(steps: list[str]) -> EndReason:
    """Whoever comes first; the sweep finds the session unjoined or, once it began, over time."""
    first = next(index for index, step in enumerate(steps) if step in ENDINGS)
    if steps[first] == "api_delete":
        return EndReason.API_DELETE
    if steps[first] == "call_ended":
        return EndReason.USER_LEFT
    return EndReason.MAX_DURATION if "arrived" in steps[:first] else EndReason.NEVER_JOINED


async def an_old_session(database: Database) -> tuple[Tenant, Session]:
    tenant = await a_tenant(database)
    worker = await a_worker(database)
    session = await a_session(database, tenant)
    await shift(database, "voice_sessions", "created_at", -2000)
    await a_claim(database, worker)
    return tenant, session


async def look(database: Database, session: Session) -> tuple[Session, list[Any]]:
    async with database.tenant(session.tenant_id) as db:
        now = await sessions.get_session(db, session.id)
        return now, await sessions.read_turns(db, session.id)


async def events_of(database: Database, session_id: UUID) -> list[tuple[str, Any]]:
    query = f"select type, data from events where session_id = '{session_id}' order by id"
    return [(row.type, row.data) for row in await rows(database, query)]


async def count_jobs(database: Database, session: Session) -> int:
    async with database.system() as db:
        await db.connection.execute(text("reset role"))
        found = await db.connection.execute(
            text("select count(*) from jobs.procrastinate_jobs where args ->> 'room' = :room"),
            {"room": session.room},
        )
        return int(found.scalar_one())


async def check_final(
    database: Database, session: Session, reason: EndReason, *, arrived: bool
) -> None:
    now, turns = await look(database, session)
    assert (now.status, now.end_reason) == (final_status(reason), reason)
    assert now.started_at == (ARRIVED_AT if arrived else None)
    assert now.ended_at is not None
    assert now.ended_at >= (now.started_at or now.created_at)
    assert now.turn_count == len(turns) == 3
    assert [turn.turn_index for turn in turns] == [0, 1, 2]
    assert {turn.turn.user_transcript for turn in turns} == set(TURNS)
    assert now.total_audio_seconds == 19.75
    kind = "failed" if now.status is Status.FAILED else "ended"
    told = await events_of(database, session.id)
    assert [event for event, _ in told] == ["voice_session.started", f"voice_session.{kind}"]
    assert told[1][1] == {"status": now.status.value, "end_reason": reason.value}
    assert await count_jobs(database, session) == 1


@given(st.permutations(STEPS), st.lists(st.sampled_from(STEPS), max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
async def test_any_order_with_repeats_ends_in_one_state(
    database: Database, order: list[str], again: list[str]
) -> None:
    _, session = await an_old_session(database)
    for step in [*order, *again, *order]:
        await take_step(database, session, step)
    await check_final(database, session, expected_end(order), arrived=True)


async def test_everything_at_once_ends_in_one_state(database: Database) -> None:
    for _ in range(5):
        _, session = await an_old_session(database)
        await take_step(database, session, "arrived")
        await asyncio.gather(
            *(take_step(database, session, step) for step in (*ENDINGS, *TURNS) for _ in range(2))
        )
        now, _ = await look(database, session)
        assert now.end_reason is not None
        await check_final(database, session, now.end_reason, arrived=True)


async def test_an_overtaken_epoch_keeps_its_turns_and_nothing_else(database: Database) -> None:
    tenant = await a_tenant(database)
    worker = await a_worker(database)
    session = await a_session(database, tenant)
    await shift(database, "voice_sessions", "created_at", -2000)
    first = await a_claim(database, worker)
    second = await a_later_claim(database, worker)
    assert (first.epoch, second.epoch) == (1, 2)
    for step in ("arrived", "turn-1", "call_ended", "turn-1"):
        await take_step(database, session, step, epoch=1)
    now, turns = await look(database, session)
    assert (now.status, now.started_at, len(turns)) == (Status.CREATED, None, 1)
    for step in ("arrived", "turn-1", "turn-2"):
        await take_step(database, session, step, epoch=2)
    now, turns = await look(database, session)
    assert (now.status, now.started_at, now.turn_count) == (Status.ACTIVE, ARRIVED_AT, 3)
    assert [turn.turn_index for turn in turns] == [0, 1, 2]


async def test_an_error_fails_the_session(database: Database) -> None:
    tenant = await a_tenant(database)
    worker = await a_worker(database)
    session = await a_session(database, tenant)
    await a_claim(database, worker)
    async with database.system() as db:
        note = CallEnded(EndReason.ERROR, 0.0, 0.0, detail="the room could not be entered")
        await calls.record_note(db, session.id, 1, 0, note)
    now, _ = await look(database, session)
    assert (now.status, now.duration_s) == (Status.FAILED, 0.0)
    assert [kind for kind, _ in await events_of(database, session.id)][-1] == "voice_session.failed"


async def test_a_turn_comes_back_as_it_was_told(database: Database) -> None:
    tenant = await a_tenant(database)
    session = await a_session(database, tenant)
    told = a_turn("हाँ, kitna? \x00", trace={"bad": "\x00x"}, user_transcript=None)
    async with database.system() as db:
        await calls.record_note(db, session.id, 1, 0, TurnFinished(told))
        await calls.record_note(db, session.id, 1, 1, TurnFinished(a_turn("हाँ\x00")))
    _, (greeting, second) = await look(database, session)
    assert greeting.turn == a_turn(user_transcript=None, trace={"bad": "x"})
    assert second.turn == a_turn("हाँ")


async def test_notes_of_a_session_that_is_not_there_are_dropped(database: Database) -> None:
    stranger = UUID(int=7)
    async with database.system() as db:
        await calls.record_note(db, stranger, 1, 0, CallerArrived())
        await calls.record_note(db, stranger, 1, 1, TurnFinished(a_turn()))
        await calls.record_note(db, stranger, 1, 2, CallEnded(EndReason.USER_LEFT, 1.0, 1.0))
    assert await rows(database, "select 1 from turns") == []
    async with database.tenant(stranger) as db:
        with pytest.raises(Refusal, match="not_found"):
            await sessions.read_turns(db, stranger)
