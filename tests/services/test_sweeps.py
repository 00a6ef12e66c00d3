"""Deadlines hold without a worker. Times are moved in the rows, nobody waits."""

import pytest
from sqlalchemy import text

from callmissed.domain.sessions import JOIN_WINDOW_S, EndReason, Status
from callmissed.domain.workers import ORPHAN_S, WORKER_SILENT_S, Report
from callmissed.services import sweeps, workers
from callmissed.store.database import Database
from tests.stories import a_claim, a_session, a_tenant, a_worker, rows, shift

Seen = tuple[Status, EndReason | None]
ENDED = "select status, end_reason from voice_sessions order by created_at"


async def sweep(database: Database) -> int:
    async with database.system() as db:
        return await sweeps.end_overdue(db)


async def begin(database: Database, seconds_ago: float) -> None:
    """Every session began so long ago and was made just before."""
    async with database.system() as db:
        await db.connection.execute(
            text(
                "update voice_sessions set status = 'active', "
                "created_at = now() - make_interval(secs => :s + 5), "
                "started_at = now() - make_interval(secs => :s)"
            ),
            {"s": seconds_ago},
        )


async def ends(database: Database) -> list[tuple[str, str | None]]:
    return [(row.status, row.end_reason) for row in await rows(database, ENDED)]


@pytest.mark.parametrize(("began_s_ago", "is_over"), [(299, False), (301, False), (303, True)])
async def test_the_longest_duration_has_two_seconds_of_grace(
    database: Database, began_s_ago: float, is_over: bool
) -> None:
    tenant = await a_tenant(database)
    await a_session(database, tenant, max_duration_seconds=300)
    await begin(database, began_s_ago)
    assert await sweep(database) == int(is_over)
    expected = ("timeout", "max_duration") if is_over else ("active", None)
    assert await ends(database) == [expected]


@pytest.mark.parametrize("is_claimed", [False, True])
async def test_a_session_that_nobody_joins_ends(database: Database, is_claimed: bool) -> None:
    tenant = await a_tenant(database)
    await a_session(database, tenant)
    if is_claimed:
        await a_claim(database, await a_worker(database))
    await shift(database, "voice_sessions", "created_at", -JOIN_WINDOW_S)
    assert await sweep(database) == 0
    await shift(database, "voice_sessions", "created_at", -3)
    assert await sweep(database) == 1
    assert await ends(database) == [("timeout", "never_joined")]
    assert await sweep(database) == 0


async def test_a_call_whose_worker_is_gone_fails(database: Database) -> None:
    tenant = await a_tenant(database)
    worker = await a_worker(database)
    await a_session(database, tenant)
    await a_claim(database, worker)
    await begin(database, 20)
    await shift(database, "voice_sessions", "lease_until", -60)
    assert await sweep(database) == 0, "the worker beats"
    await shift(database, "workers", "beat_at", -WORKER_SILENT_S - 1)
    assert await sweep(database) == 0, "seen for the first time"
    await shift(database, "voice_sessions", "orphan_since", -ORPHAN_S - 1)
    assert await sweep(database) == 1
    assert await ends(database) == [("failed", "error")]


async def test_an_outage_is_not_held_against_a_worker(database: Database) -> None:
    tenant = await a_tenant(database)
    worker = await a_worker(database)
    await a_session(database, tenant)
    await a_claim(database, worker)
    await shift(database, "voice_sessions", "lease_until", -60)
    await shift(database, "workers", "beat_at", -60)
    assert await sweep(database) == 0
    # It was seen before a minute in which the database did not answer: the count starts again.
    await shift(database, "voice_sessions", "orphan_since", -60)
    await shift(database, "voice_sessions", "orphan_seen_at", -60)
    assert await sweep(database) == 0
    async with database.system() as db:
        assert await workers.beat(db, worker.id, Report(8, 7))
    await shift(database, "voice_sessions", "orphan_since", -60)
    assert await sweep(database) == 0
    assert await ends(database) == [("created", None)]


async def test_a_session_that_waits_for_its_first_worker_is_no_orphan(database: Database) -> None:
    tenant = await a_tenant(database)
    await a_session(database, tenant)
    await shift(database, "voice_sessions", "created_at", -60)
    for _ in range(2):
        assert await sweep(database) == 0
        await shift(database, "voice_sessions", "orphan_since", -60)
    assert await ends(database) == [("created", None)]


async def test_old_rows_go(database: Database) -> None:
    tenant = await a_tenant(database)
    worker = await a_worker(database)
    session = await a_session(database, tenant)
    await a_claim(database, worker)
    await shift(database, "workers", "beat_at", -2 * 24 * 3600)
    async with database.system() as db:
        await db.connection.execute(
            text(
                "insert into idempotency_keys select id, 'k', 'h', null, now() - interval '25 h' "
                "from tenants"
            )
        )
        await sweeps.delete_expired(db)
    assert await rows(database, "select 1 from idempotency_keys") == []
    assert await rows(database, "select 1 from workers") == []
    assert [row.id for row in await rows(database, "select id from voice_sessions")] == [session.id]
