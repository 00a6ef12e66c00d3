"""A session whose process died goes on in the next epoch, and nobody else's ever does."""

from callmissed.domain.calls import CallerArrived, Exchange, TurnFinished
from callmissed.domain.sessions import EndReason, Status
from callmissed.domain.workers import Claim, Report
from callmissed.services import calls, sessions, workers
from callmissed.store.database import Database
from tests.stories import (
    VAULT,
    a_claim,
    a_later_claim,
    a_session,
    a_tenant,
    a_turn,
    a_worker,
    rows,
)


async def test_the_next_epoch_is_claimed_once_and_only_by_the_holder(database: Database) -> None:
    tenant = await a_tenant(database)
    holder, other = await a_worker(database), await a_worker(database)
    session = await a_session(database, tenant)
    held = await a_claim(database, holder)
    lost = {session.id: held.epoch}
    async with database.system() as db:
        assert await calls.take_over(db, other.id, lost) == []
        assert await calls.take_over(db, holder.id, lost) == [Claim(session.id, tenant.id, 2)]
        assert await calls.take_over(db, holder.id, lost) == [], "that epoch is over"
        assert await calls.take_over(db, holder.id, {}) == []


async def test_an_ended_session_is_not_taken_over(database: Database) -> None:
    tenant = await a_tenant(database)
    holder = await a_worker(database)
    session = await a_session(database, tenant)
    held = await a_claim(database, holder)
    async with database.system() as db:
        await sessions.end_session(db, session.id, EndReason.API_DELETE)
        assert await calls.take_over(db, holder.id, {session.id: held.epoch}) == []


async def test_what_is_given_back_is_there_for_others_at_once(database: Database) -> None:
    tenant = await a_tenant(database)
    holder, other = await a_worker(database), await a_worker(database)
    session = await a_session(database, tenant)
    held = await a_claim(database, holder)
    async with database.system() as db:
        await calls.give_back(db, holder.id, {session.id: held.epoch})
        assert await calls.claim_sessions(db, other.id, 1) == [Claim(session.id, tenant.id, 2)]


async def test_what_is_given_up_has_failed_once(database: Database) -> None:
    tenant = await a_tenant(database)
    holder = await a_worker(database)
    session = await a_session(database, tenant)
    held = await a_claim(database, holder)
    for _ in range(2):
        async with database.system() as db:
            await calls.give_up(db, holder.id, {session.id: held.epoch}, "it kills")
    (row,) = await rows(database, "select status, end_detail from voice_sessions")
    assert (row.status, row.end_detail) == (Status.FAILED, "it kills")
    assert len(await rows(database, "select 1 from events where type like '%failed'")) == 1


async def test_a_beat_tells_what_became_of_the_workers_sessions(database: Database) -> None:
    tenant = await a_tenant(database)
    worker = await a_worker(database)
    session = await a_session(database, tenant)
    first = await a_claim(database, worker)
    async with database.system() as db:
        standing = await workers.beat(db, worker.id, Report(8, 7, running={session.id: 1}))
    assert standing is not None
    assert standing.holds == (first,)
    assert (standing.overtaken, standing.ended, standing.asked_to_drain) == (set(), {}, False)
    async with database.system() as db:
        [later] = await calls.take_over(db, worker.id, {session.id: 1})
        standing = await workers.beat(db, worker.id, Report(8, 7, running={session.id: 1}))
    assert standing is not None
    assert (standing.holds, standing.overtaken) == ((later,), {session.id})
    async with database.system() as db:
        await sessions.end_session(db, session.id, EndReason.API_DELETE)
        await workers.ask_to_drain(db, worker.name)
        standing = await workers.beat(db, worker.id, Report(8, 7, running={session.id: 2}))
    assert standing is not None
    assert (standing.holds, standing.overtaken) == ((), set())
    assert standing.ended == {session.id: EndReason.API_DELETE}
    assert standing.asked_to_drain


async def test_a_resumed_call_knows_what_was_said(database: Database) -> None:
    tenant = await a_tenant(database)
    worker = await a_worker(database)
    session = await a_session(database, tenant)
    await a_claim(database, worker)
    async with database.system() as db:
        await calls.record_note(db, session.id, 1, 0, CallerArrived())
        for seq, words in enumerate(("one", "two"), 1):
            await calls.record_note(db, session.id, 1, seq, TurnFinished(a_turn(words)))
    later = await a_later_claim(database, worker)
    async with database.system() as db:
        terms = await calls.load_terms(db, VAULT, later)
    heard = a_turn("one").agent_response
    assert terms.history == (Exchange("one", heard), Exchange("two", heard))
    assert terms.has_begun
    assert terms.max_duration_s <= 300
