"""Transactions, outages, announcements and jobs, on a real server."""

import asyncio
import socket

import psycopg
import pytest
from sqlalchemy import text

from callmissed.domain.errors import Kind, Refusal
from callmissed.store.connecting import connect
from callmissed.store.database import Database
from callmissed.store.jobs import announce, defer
from callmissed.store.listening import plain_url
from tests.databases import admin_url, fresh_database
from tests.stories import a_tenant, rows

LISTENERS = """
select pid from pg_stat_activity where datname = current_database()
and application_name = 'callmissed-listen' and state = 'idle' and query like '%callmissed_orders%'
"""
JOBS = "select task_name, args, queueing_lock from jobs.procrastinate_jobs order by id"


async def jobs_of(database: Database) -> list[tuple[object, ...]]:
    async with database.system() as db:
        await db.connection.execute(text("reset role"))
        return [tuple(row) for row in (await db.connection.execute(text(JOBS))).all()]


async def end_connections(postgres_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(
        admin_url(postgres_url), autocommit=True
    ) as db:
        await db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name like 'callmissed%' and datname like 't%'"
        )


async def write_and_fail(database: Database) -> None:
    async with database.system() as db:
        await defer(db, "anything")
        await announce(db, "callmissed_sessions", "never")
        await db.connection.execute(
            text("insert into tenants values (gen_random_uuid(), 'x', 'free', now())")
        )
        raise ZeroDivisionError


async def run_too_long(database: Database) -> None:
    async with database.system() as db:
        await db.connection.execute(text("set local statement_timeout = '20ms'"))
        await db.connection.execute(text("select pg_sleep(5)"))


async def test_an_error_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        await write_and_fail(database)
    assert await rows(database, "select 1 from tenants") == []
    assert await jobs_of(database) == []


async def test_a_job_is_left_by_a_tenant_with_its_transaction(database: Database) -> None:
    tenant = await a_tenant(database)
    async with database.tenant(tenant.id) as db:
        assert await defer(db, "delete_room", queueing_lock="r1", room="r1") is not None
        assert await defer(db, "delete_room", queueing_lock="r1", room="r1") is None
        assert await defer(db, "delete_room", queueing_lock="r2", room="r2") is not None
    assert await jobs_of(database) == [
        ("delete_room", {"room": "r1"}, "r1"),
        ("delete_room", {"room": "r2"}, "r2"),
    ]


async def test_a_server_that_is_not_there_is_refused_as_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        database = Database(f"postgresql+psycopg://x:y@127.0.0.1:{taken.getsockname()[1]}/z")
        with pytest.raises(Refusal) as caught:
            async with database.system():
                pass
    assert (caught.value.kind, caught.value.retry_after_s) == (Kind.UNAVAILABLE, 1)
    await database.dispose()


async def test_a_server_that_says_nothing_is_refused_as_unavailable() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        database = Database(f"postgresql+psycopg://x:y@127.0.0.1:{silent.getsockname()[1]}/z")
        with pytest.raises(Refusal, match="unavailable"):
            async with database.system():
                pass
        await database.dispose()


async def test_an_empty_pool_is_refused_as_unavailable(postgres_url: str) -> None:
    async with fresh_database(postgres_url) as url:
        database = Database(url, pool_size=1, overflow=0)
        async with database.system():
            with pytest.raises(Refusal, match="unavailable"):
                async with database.system():
                    pass
        async with database.system() as db:
            assert (await db.connection.execute(text("select 1"))).scalar() == 1
        await database.dispose()


async def test_a_statement_that_lasts_too_long_is_refused(database: Database) -> None:
    with pytest.raises(Refusal, match="unavailable"):
        await run_too_long(database)


async def test_connections_that_the_server_closed_are_made_again(
    postgres_url: str, database: Database
) -> None:
    async with database.system() as one, database.system() as two:
        for db in (one, two):
            await db.connection.execute(text("select 1"))
    await end_connections(postgres_url)
    for _ in range(2):
        async with database.system() as db:
            assert (await db.connection.execute(text("select 1"))).scalar() == 1


async def test_a_cancelled_request_gives_its_connection_back(postgres_url: str) -> None:
    async with fresh_database(postgres_url) as url:
        database = Database(url, pool_size=1, overflow=0)

        async def hang(started: asyncio.Event) -> None:
            async with database.system() as db:
                started.set()
                await db.connection.execute(text("select pg_sleep(1.5)"))

        for _ in range(3):
            started = asyncio.Event()
            task = asyncio.create_task(hang(started))
            await started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        async with database.system() as db:
            assert (await db.connection.execute(text("select 1"))).scalar() == 1
        await database.dispose()


async def test_announcements_come_at_commit_and_after_a_broken_connection(
    postgres_url: str, database: Database
) -> None:
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def listen() -> None:
        async for said in database.listen("callmissed_sessions", "callmissed_orders"):
            await heard.put(said)

    listener = asyncio.create_task(listen())
    first = await new_listener(database, known=None)
    async with database.system() as db:
        await announce(db, "callmissed_sessions", "one")
    assert await heard.get() == ("callmissed_sessions", "one")
    with pytest.raises(ZeroDivisionError):
        await write_and_fail(database)
    await end_connections(postgres_url)
    await new_listener(database, known=first)
    async with database.system() as db:
        await announce(db, "callmissed_orders", "two")
    assert await heard.get() == ("callmissed_orders", "two")
    listener.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listener


async def new_listener(database: Database, known: int | None) -> int:
    """The process id of a connection of this database that listens to both channels, not `known`."""
    async with asyncio.timeout(20):
        while True:
            async with database.system() as db:
                await db.connection.execute(text("reset role"))
                found = (await db.connection.execute(text(LISTENERS))).scalars().all()
            if new := [pid for pid in found if pid != known]:
                return int(new[0])


async def test_a_connection_that_was_given_up_half_open_is_closed(postgres_url: str) -> None:
    async with asyncio.timeout(30):
        async with fresh_database(postgres_url) as url:
            opening = [asyncio.ensure_future(connect(plain_url(url))) for _ in range(5)]
            await asyncio.sleep(0)
            for one in opening:
                one.cancel()
            given_up = await asyncio.gather(*opening, return_exceptions=True)
            assert {type(one) for one in given_up} == {asyncio.CancelledError}
        # A database is not dropped while the server waits for the other end of a connection to it.
