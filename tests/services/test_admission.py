"""Slots and keys are exact, over many connections at once."""

import asyncio
from collections import Counter
from uuid import UUID, uuid4

from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.sessions import EndReason
from callmissed.domain.workers import WORKER_SILENT_S, Report
from callmissed.services import idempotency, sessions, workers
from callmissed.store.database import Database
from tests.stories import (
    REQUEST,
    ROUTE,
    Tenant,
    a_claim,
    a_session,
    a_tenant,
    a_worker,
    rows,
    shift,
)

PLENTY = 1000


async def create(database: Database, tenant: Tenant) -> UUID | Kind:
    try:
        async with database.tenant(tenant.id) as db:
            session = await sessions.create_session(db, REQUEST, ROUTE, f"voice-{uuid4().hex}")
    except Refusal as refusal:
        return refusal.kind
    return session.id


async def create_once(database: Database, tenant: Tenant, key: str, body: bytes) -> UUID | Kind:
    """As the API does it: one transaction for the key and the session; again while it is busy."""
    while True:
        try:
            async with database.tenant(tenant.id) as db:
                replay = await idempotency.claim_key(db, key, body)
                if replay is not None:
                    return replay.resource_id
                room = f"voice-{uuid4().hex}"
                session = await sessions.create_session(db, REQUEST, ROUTE, room, PLENTY)
                await idempotency.remember(db, key, session.id)
                return session.id
        except Refusal as refusal:
            if refusal.kind is not Kind.UNAVAILABLE:
                return refusal.kind


async def test_twenty_creates_against_five_free_slots(database: Database) -> None:
    one, two = await a_tenant(database, "One"), await a_tenant(database, "Two")
    await a_worker(database, slots=3)
    await a_worker(database, slots=4)
    worker = await a_worker(database, slots=1)
    await a_session(database, one)
    await a_session(database, one)
    await a_claim(database, worker)
    made = await asyncio.gather(
        *(create(database, tenant) for tenant in (one, two) for _ in range(10))
    )
    # Of eight slots one is held by a session, and another session awaits one.
    assert Counter(type(item) for item in made) == {UUID: 6, Kind: 14}
    assert {item for item in made if isinstance(item, Kind)} == {Kind.AT_CAPACITY}
    assert len(await rows(database, "select id from voice_sessions")) == 8


async def test_exactly_five_of_twenty(database: Database) -> None:
    tenant = await a_tenant(database)
    await a_worker(database, slots=5)
    made = await asyncio.gather(*(create(database, tenant) for _ in range(20)))
    assert Counter(type(item) for item in made) == {UUID: 5, Kind: 15}


async def test_a_slot_is_free_again_when_its_session_ends(database: Database) -> None:
    tenant = await a_tenant(database)
    await a_worker(database, slots=1)
    first = await create(database, tenant)
    assert isinstance(first, UUID)
    assert await create(database, tenant) is Kind.AT_CAPACITY
    async with database.tenant(tenant.id) as db:
        assert await sessions.end_session(db, first, EndReason.API_DELETE)
    assert isinstance(await create(database, tenant), UUID)


async def test_what_a_worker_reports_lowers_its_slots(database: Database) -> None:
    tenant = await a_tenant(database)
    worker = await a_worker(database, slots=4)
    async with database.system() as db:
        assert await workers.beat(db, worker.id, Report(8, 1))
    assert isinstance(await create(database, tenant), UUID)
    assert await create(database, tenant) is Kind.AT_CAPACITY


async def test_silent_and_retired_workers_have_no_slots(database: Database) -> None:
    tenant = await a_tenant(database)
    silent = await a_worker(database, slots=4)
    await shift(database, "workers", "beat_at", -WORKER_SILENT_S - 1)
    retired = await a_worker(database, slots=4)
    async with database.system() as db:
        await workers.retire(db, retired.id)
        assert not await workers.beat(db, retired.id, Report(8, 4))
    assert await create(database, tenant) is Kind.AT_CAPACITY
    async with database.system() as db:
        assert await workers.beat(db, silent.id, Report(8, 4))
    assert isinstance(await create(database, tenant), UUID)


async def test_racing_creates_with_the_same_keys_make_one_session_a_key(
    database: Database,
) -> None:
    tenant = await a_tenant(database)
    await a_worker(database, slots=1000)
    gate = asyncio.Semaphore(8)

    async def one(number: int) -> tuple[str, UUID | Kind]:
        key = f"key-{number % 20}"
        async with gate:
            return key, await create_once(database, tenant, key, b"b" * 32)

    made = await asyncio.gather(*(one(number) for number in range(200)))
    by_key = {key: {made_id for other, made_id in made if other == key} for key, _ in made}
    assert len(by_key) == 20
    assert all(len(ids) == 1 and isinstance(next(iter(ids)), UUID) for ids in by_key.values())
    assert len(await rows(database, "select id from voice_sessions")) == 20
    assert len(await rows(database, "select id from events")) == 20


async def test_another_body_with_the_same_key_is_refused(database: Database) -> None:
    tenant = await a_tenant(database)
    await a_worker(database)
    first = await create_once(database, tenant, "k", b"one" * 8)
    assert await create_once(database, tenant, "k", b"two" * 8) is Kind.IDEMPOTENCY_MISMATCH
    assert await create_once(database, tenant, "k", b"one" * 8) == first


async def test_a_refused_create_leaves_its_key_free(database: Database) -> None:
    tenant = await a_tenant(database)
    assert await create_once(database, tenant, "k", b"one" * 8) is Kind.AT_CAPACITY
    await a_worker(database)
    assert isinstance(await create_once(database, tenant, "k", b"two" * 8), UUID)
