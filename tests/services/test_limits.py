"""Rates, creates and concurrency are exact, over many pools and processes at once."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID, uuid4

import pytest

from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.limits import Rate, Standing
from callmissed.domain.sessions import EndReason
from callmissed.domain.tenants import Plan
from callmissed.services import limits, sessions, tenants
from callmissed.store.database import Database
from tests.databases import fresh_database
from tests.stories import KEYRING, REQUEST, ROUTE, Tenant, a_tenant, a_worker, rows, shift

TEN_AN_HOUR = Rate(10, window_s=3600.0)

# Takes 400 times from one bucket, 8 at once, again where the database was too busy; prints how
# many were let in.
TAKER = """
import asyncio, sys
from callmissed.domain.errors import Refusal
from callmissed.domain.limits import Rate
from callmissed.services import limits
from callmissed.store.database import Database

async def main():
    database, gate = Database(sys.argv[1], pool_size=8), asyncio.Semaphore(8)

    async def take():
        while True:
            try:
                async with gate, database.system() as db:
                    counters = [("shared", Rate(10, window_s=3600.0))]
                    return (await limits.take(db, counters)).retry_after_s
            except Refusal:
                pass

    waits = await asyncio.gather(*(take() for _ in range(400)))
    await database.dispose()
    print(waits.count(None))

asyncio.run(main())
"""


async def take(database: Database, subject: str, rate: Rate) -> Standing:
    async with database.system() as db:
        standing = await limits.take(db, [(subject, rate)])
    assert standing is not None
    return standing


async def create(database: Database, tenant: Tenant, most: int | None = None) -> UUID | Kind:
    """Again while the database is too busy to say."""
    while True:
        try:
            async with database.tenant(tenant.id) as db:
                room = f"voice-{uuid4().hex}"
                return (await sessions.create_session(db, REQUEST, ROUTE, room, most)).id
        except Refusal as refusal:
            if refusal.kind is not Kind.UNAVAILABLE:
                return refusal.kind


async def create_and_fail(database: Database, tenant: Tenant) -> None:
    async with database.tenant(tenant.id) as db:
        await sessions.create_session(db, REQUEST, ROUTE, f"voice-{uuid4().hex}")
        raise LookupError("the request fails after its session was stored")


async def a_lasting_worker(database: Database) -> None:
    """Slots for all, also where the test takes its time."""
    await a_worker(database, slots=1000)
    await shift(database, "workers", "beat_at", 3600)


async def make_many(
    pools: list[Database], tenant: Tenant, times: int, most: int | None = None
) -> list[UUID | Kind]:
    gate = asyncio.Semaphore(6)

    async def one(number: int) -> UUID | Kind:
        async with gate:
            return await create(pools[number % len(pools)], tenant, most)

    return list(await asyncio.gather(*(one(number) for number in range(times))))


@asynccontextmanager
async def pools_of(url: str, count: int) -> AsyncIterator[list[Database]]:
    async with AsyncExitStack() as stack:
        pools = [Database(url, pool_size=4) for _ in range(count)]
        for pool in pools:
            stack.push_async_callback(pool.dispose)
        yield pools


async def test_1600_requests_from_four_processes_pass_exactly_ten(postgres_url: str) -> None:
    async with fresh_database(postgres_url) as url:
        processes = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", TAKER, url, stdout=asyncio.subprocess.PIPE
            )
            for _ in range(4)
        ]
        printed = [(await process.communicate())[0] for process in processes]
    assert sum(int(text) for text in printed) == 10


async def test_a_bucket_tells_where_it_stands(database: Database) -> None:
    first = await take(database, "a", TEN_AN_HOUR)
    assert (first.limit, first.remaining, first.reset_s) == (10, 9, 360)
    for _ in range(9):
        last = await take(database, "a", TEN_AN_HOUR)
    assert (last.remaining, last.retry_after_s) == (0, None)
    refused = await take(database, "a", TEN_AN_HOUR)
    assert (refused.remaining, refused.retry_after_s, refused.reset_s) == (0, 360, 3600)
    assert (await take(database, "b", TEN_AN_HOUR)).remaining == 9


async def test_a_bucket_fills_evenly(database: Database) -> None:
    for _ in range(11):
        await take(database, "a", TEN_AN_HOUR)
    await shift(database, "rates", "full_at", -2 * TEN_AN_HOUR.interval_s)
    let_in = [(await take(database, "a", TEN_AN_HOUR)).retry_after_s for _ in range(4)]
    assert let_in.count(None) == 2


async def test_full_buckets_are_forgotten(database: Database) -> None:
    await take(database, "old", TEN_AN_HOUR)
    await shift(database, "rates", "full_at", -3600)
    await take(database, "new", TEN_AN_HOUR)
    async with database.system() as db:
        await limits.forget_lapsed(db)
    assert [row.subject for row in await rows(database, "select subject from rates")] == ["new"]


async def test_ten_creates_a_minute_over_four_pools(postgres_url: str) -> None:
    async with fresh_database(postgres_url) as url, pools_of(url, 4) as pools:
        one, two = await a_tenant(pools[0], "One"), await a_tenant(pools[0], "Two")
        await a_lasting_worker(pools[0])
        made = await asyncio.gather(make_many(pools, one, 24), make_many(pools, two, 24))
        for answers in made:
            assert Counter(type(item) for item in answers) == {UUID: 10, Kind: 14}
            assert {item for item in answers if isinstance(item, Kind)} == {Kind.RATE_LIMITED}


async def test_the_operator_may_allow_more(database: Database) -> None:
    tenant = await a_tenant(database)
    await a_lasting_worker(database)
    made = await make_many([database], tenant, 30, most=25)
    assert Counter(type(item) for item in made) == {UUID: 25, Kind: 5}


async def test_the_minute_slides(database: Database) -> None:
    tenant = await a_tenant(database)
    await a_lasting_worker(database)
    await make_many([database], tenant, 6)
    await shift(database, "session_creates", "accepted_at", -50)
    await make_many([database], tenant, 6)
    assert await create(database, tenant) is Kind.RATE_LIMITED
    async with database.tenant(tenant.id) as db:
        with pytest.raises(Refusal) as caught:
            await limits.check_creates(db, None)
    assert caught.value.retry_after_s is not None
    assert 1 <= caught.value.retry_after_s <= 10
    await shift(database, "session_creates", "accepted_at", -11)
    made = await make_many([database], tenant, 10)
    assert Counter(type(item) for item in made) == {UUID: 6, Kind: 4}


async def test_what_was_refused_or_undone_does_not_count(database: Database) -> None:
    tenant = await a_tenant(database)
    for _ in range(15):
        assert await create(database, tenant) is Kind.AT_CAPACITY
    await a_lasting_worker(database)
    for _ in range(15):
        with pytest.raises(LookupError):
            await create_and_fail(database, tenant)
    made = await make_many([database], tenant, 12)
    assert Counter(type(item) for item in made) == {UUID: 10, Kind: 2}


async def test_ending_or_losing_sessions_gives_no_creates_back(database: Database) -> None:
    tenant = await a_tenant(database)
    await a_lasting_worker(database)
    for session_id in await make_many([database], tenant, 10):
        assert isinstance(session_id, UUID)
        async with database.tenant(tenant.id) as db:
            await sessions.end_session(db, session_id, EndReason.API_DELETE)
    await rows(database, "delete from voice_sessions returning id")
    assert await create(database, tenant) is Kind.RATE_LIMITED


@pytest.mark.parametrize(
    ("plan", "at_once"), [(Plan.FREE, 1), (Plan.STARTER, 5), (Plan.PRO, 20), (Plan.ENTERPRISE, 30)]
)
async def test_a_plan_has_its_calls_at_once(postgres_url: str, plan: Plan, at_once: int) -> None:
    async with fresh_database(postgres_url) as url, pools_of(url, 3) as pools:
        async with pools[0].system() as db:
            tenant_id, key = await tenants.create_tenant(db, KEYRING, "Acme", plan=plan.value)
        tenant = Tenant(tenant_id, key)
        await a_lasting_worker(pools[0])
        made = await make_many(pools, tenant, 30, most=1000)
        created = [item for item in made if isinstance(item, UUID)]
        assert len(created) == at_once
        refused = {item for item in made if isinstance(item, Kind)}
        assert refused <= {Kind.CONCURRENCY_LIMITED}
        async with pools[0].tenant(tenant.id) as db:
            await sessions.end_session(db, created[0], EndReason.API_DELETE)
        again = await make_many(pools, tenant, 3, most=1000)
        assert sum(isinstance(item, UUID) for item in again) == (1 if refused else 3)
