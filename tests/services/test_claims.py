"""Workers: no session is run by two, none is lost with one, and terms say all a call needs."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from callmissed.domain.calls import TURN_TAKING_PRESETS
from callmissed.domain.installation import InitRequest
from callmissed.domain.prompts import DEFAULT_PROMPT, default_greeting
from callmissed.domain.sessions import EndReason
from callmissed.domain.workers import LEASE_S, WORKER_SILENT_S, Claim, Report, Worker
from callmissed.services import calls, sessions, workers
from callmissed.services.installation import prepare
from callmissed.store.database import Database
from tests.stories import (
    KEYRING,
    ROUTE,
    VAULT,
    Tenant,
    a_claim,
    a_later_claim,
    a_session,
    a_tenant,
    a_worker,
    rows,
    shift,
)


async def claim(database: Database, worker: Worker, limit: int = 10) -> list[Claim]:
    async with database.system() as db:
        return await calls.claim_sessions(db, worker.id, limit)


async def test_racing_workers_share_the_sessions(database: Database) -> None:
    tenant = await a_tenant(database)
    made = {(await a_session(database, tenant)).id for _ in range(12)}
    crowd = [await a_worker(database) for _ in range(4)]
    taken = await asyncio.gather(
        *(claim(database, worker, 4) for worker in crowd for _ in range(2))
    )
    ids = [one.session_id for some in taken for one in some]
    assert len(ids) == 12
    assert set(ids) == made
    assert all(one.epoch == 1 for some in taken for one in some)


async def test_the_oldest_come_first(database: Database) -> None:
    tenant = await a_tenant(database)
    made = [(await a_session(database, tenant)).id for _ in range(4)]
    worker = await a_worker(database)
    assert [one.session_id for one in await claim(database, worker, 3)] == made[:3]


async def test_a_claimed_session_is_left_alone_while_its_worker_beats(database: Database) -> None:
    tenant = await a_tenant(database)
    holder, other = await a_worker(database), await a_worker(database)
    await a_session(database, tenant)
    await a_claim(database, holder)
    await shift(database, "workers", "steady_since", -60)
    await shift(database, "voice_sessions", "lease_until", -60)
    assert await claim(database, other) == []


async def test_a_silent_workers_session_goes_to_another(database: Database) -> None:
    tenant = await a_tenant(database)
    holder = await a_worker(database)
    session = await a_session(database, tenant)
    await a_claim(database, holder)
    await shift(database, "workers", "beat_at", -WORKER_SILENT_S - 1)
    await shift(database, "voice_sessions", "lease_until", -LEASE_S - 1)
    other = await a_worker(database)
    assert await claim(database, other) == [], "it has not beaten for a whole lease yet"
    await shift(database, "workers", "steady_since", -LEASE_S - 1)
    assert await claim(database, other) == [Claim(session.id, tenant.id, 2)]
    assert await claim(database, holder) == []


async def test_an_outage_lapses_no_lease(database: Database) -> None:
    tenant = await a_tenant(database)
    holder, other = await a_worker(database), await a_worker(database)
    await a_session(database, tenant)
    await a_claim(database, holder)
    # A minute in which nobody could reach the database; then the other worker beats first.
    for table, column in (
        ("workers", "beat_at"),
        ("workers", "steady_since"),
        ("voice_sessions", "lease_until"),
    ):
        await shift(database, table, column, -60)
    async with database.system() as db:
        assert await workers.beat(db, other.id, Report(8, 8))
    assert await claim(database, other) == []
    async with database.system() as db:
        assert await workers.beat(db, holder.id, Report(8, 7))
    (row,) = await rows(database, "select lease_until > now() as held, epoch from voice_sessions")
    assert (row.held, row.epoch) == (True, 1)


async def test_a_retired_workers_sessions_are_there_at_once(database: Database) -> None:
    tenant = await a_tenant(database)
    holder, other = await a_worker(database), await a_worker(database)
    session = await a_session(database, tenant)
    await a_claim(database, holder)
    async with database.system() as db:
        await workers.retire(db, holder.id)
    assert await claim(database, other) == [Claim(session.id, tenant.id, 2)]


async def test_terms_of_a_plain_session(database: Database) -> None:
    tenant = await a_tenant(database)
    session = await a_session(database, tenant)
    held = await a_claim(database, await a_worker(database))
    async with database.system() as db:
        terms = await calls.load_terms(db, VAULT, held)
    assert (terms.session_id, terms.tenant_id, terms.epoch) == (session.id, tenant.id, 1)
    assert (terms.system_prompt, terms.greeting) == (DEFAULT_PROMPT, default_greeting("en-IN"))
    assert (terms.route, terms.room, terms.passages) == (ROUTE, session.room, ())
    assert terms.turn_taking == TURN_TAKING_PRESETS["balanced"]
    assert (terms.max_duration_s, round(terms.join_window_s)) == (300.0, 120)
    assert (terms.history, terms.has_begun) == ((), False)
    assert (terms.room_url, terms.room_token) == ("", "")


async def test_terms_of_a_bot_with_the_callers_own_words(database: Database) -> None:
    async with database.system() as db:
        start = await prepare(db, KEYRING, InitRequest("Acme", "Clinic reception"))
    tenant = Tenant(start.tenant_id, "")
    await a_session(
        database,
        tenant,
        bot_id=start.bot_id,
        system_prompt="You help {{ name }}.",
        greeting="Hello {{name}} and {{missing}}!",
        greeting_given=True,
        variables={"name": "Asha {{x}}"},
        turn_taking={"wait_ms": 700},
        max_duration_seconds=60,
    )
    silent = await a_session(database, tenant, bot_id=start.bot_id, greeting_given=True)
    own = await a_session(database, tenant, bot_id=start.bot_id)
    worker = await a_worker(database)
    async with database.system() as db:
        first, second, third = await calls.claim_sessions(db, worker.id, 3)
        terms = await calls.load_terms(db, VAULT, first)
        without_greeting = await calls.load_terms(db, VAULT, second)
        bots_own = await calls.load_terms(db, VAULT, third)
    assert terms.system_prompt == "You help Asha {{x}}."
    assert terms.greeting == "Hello Asha {{x}} and !"
    assert (terms.turn_taking.wait_s, terms.turn_taking.max_wait_s) == (0.7, 1.5)
    assert any("500 rupees" in passage.text for passage in terms.passages)
    assert (without_greeting.session_id, without_greeting.greeting) == (silent.id, None)
    assert bots_own.session_id == own.id
    assert bots_own.greeting == "Hello, this is Sunrise Clinic. How can I help you?"
    assert "Sunrise Clinic" in bots_own.system_prompt


async def test_terms_of_an_ended_or_overtaken_session_are_not_there(database: Database) -> None:
    tenant = await a_tenant(database)
    worker = await a_worker(database)
    session = await a_session(database, tenant)
    held = await a_claim(database, worker)
    later = await a_later_claim(database, worker)
    async with database.system() as db:
        with pytest.raises(LookupError):
            await calls.load_terms(db, VAULT, held)
        await sessions.end_session(db, session.id, EndReason.API_DELETE)
        with pytest.raises(LookupError):
            await calls.load_terms(db, VAULT, later)
        with pytest.raises(LookupError):
            await calls.load_terms(db, VAULT, Claim(session.id, uuid4(), 2))


async def test_a_resumed_call_has_the_time_that_is_left(database: Database) -> None:
    tenant = await a_tenant(database)
    worker = await a_worker(database)
    await a_session(database, tenant)
    await a_claim(database, worker)
    async with database.system() as db:
        began = "started_at = now() - interval '250 s', created_at = now() - interval '260 s'"
        await db.connection.execute(text(f"update voice_sessions set status = 'active', {began}"))
    again = await a_later_claim(database, worker)
    async with database.system() as db:
        terms = await calls.load_terms(db, VAULT, again)
    assert 0 < terms.max_duration_s <= 50
