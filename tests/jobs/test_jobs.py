"""Jobs run for real: left by a transaction, picked up by the worker of `callmissed jobs`."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from os import environ
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from livekit import api
from sqlalchemy import text

from callmissed.domain.sessions import EndReason
from callmissed.jobs.run import run_jobs
from callmissed.jobs.stalled import MOST_ATTEMPTS
from callmissed.runtime.house import House, open_house
from callmissed.runtime.settings import load_settings
from callmissed.services.sessions import end_session
from callmissed.store.jobs import defer
from tests.conftest import LiveKit
from tests.databases import admin_url, fresh_database
from tests.stories import a_session, a_tenant, rows, shift

PATIENCE_S = 40
POLL_S = 0.02
NOWHERE = LiveKit("ws://127.0.0.1:9", "nobody", "secret-of-a-server-that-is-nowhere")


def environment(url: str, livekit: LiveKit) -> dict[str, str]:
    return {
        "CALLMISSED_SECRET": "secret-of-the-tests-for-callmissed",
        "DATABASE_URL": url,
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": livekit.key,
        "LIVEKIT_API_SECRET": livekit.secret,
    }


@asynccontextmanager
async def a_house(postgres_url: str, livekit: LiveKit = NOWHERE) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(fresh_database(postgres_url))
        yield await stack.enter_async_context(open_house(load_settings(environment(url, livekit))))


@asynccontextmanager
async def running_jobs(house: House) -> AsyncIterator[None]:
    task = asyncio.create_task(run_jobs(house))
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():
            await asyncio.sleep(POLL_S)


async def jobs(house: House, task: str) -> list[Any]:
    async with house.database.system() as db:
        await db.connection.execute(text("reset role"))
        query = text(
            "select id, status::text as status, attempts, scheduled_at > now() as waits "
            "from jobs.procrastinate_jobs where task_name = :task order by id"
        )
        return list((await db.connection.execute(query, {"task": task})).all())


async def job_is(house: House, status: str | None) -> bool:
    """The one delete_room job has this status; None: it is done and gone."""
    found = await jobs(house, "delete_room")
    return not found if status is None else [job.status for job in found] == [status]


async def leave_delete_room(house: House) -> None:
    async with house.database.system() as db:
        await defer(db, "delete_room", queue="rooms", room=f"gone-{uuid4().hex}")


async def make_stalled(house: House, attempts: int) -> None:
    """A job whose process was killed a minute ago."""
    await leave_delete_room(house)
    async with house.database.system() as db:
        await db.connection.execute(text("reset role"))
        await db.connection.execute(text("set local search_path = jobs"))
        await db.connection.execute(
            text(
                "with dead as (insert into jobs.procrastinate_workers (last_heartbeat) "
                "values (now() - interval '60 s') returning id) "
                "update jobs.procrastinate_jobs set status = 'doing', attempts = :n, "
                "worker_id = (select id from dead)"
            ),
            {"n": attempts},
        )


async def test_the_room_of_an_ended_session_is_deleted(postgres_url: str, livekit: LiveKit) -> None:
    async with a_house(postgres_url, livekit) as house, running_jobs(house):
        tenant = await a_tenant(house.database)
        session = await a_session(house.database, tenant)
        await house.rooms.create_room(session.room)
        assert await room_exists(livekit, session.room)
        async with house.database.tenant(tenant.id) as db:
            assert await end_session(db, session.id, EndReason.API_DELETE)
        await until(lambda: job_is(house, None))
        assert not await room_exists(livekit, session.room)


async def test_a_room_that_is_gone_is_fine(postgres_url: str, livekit: LiveKit) -> None:
    async with a_house(postgres_url, livekit) as house, running_jobs(house):
        await leave_delete_room(house)
        await until(lambda: job_is(house, None))


async def test_a_media_server_that_is_down_is_tried_again_later(postgres_url: str) -> None:
    async with a_house(postgres_url) as house, running_jobs(house):
        await leave_delete_room(house)

        async def has_failed_once() -> bool:
            (job,) = await jobs(house, "delete_room")
            return bool(job.status == "todo" and job.attempts >= 1)

        await until(has_failed_once)


async def test_deadlines_are_swept(postgres_url: str) -> None:
    async with a_house(postgres_url) as house:
        await a_session(house.database, await a_tenant(house.database))
        await shift(house.database, "voice_sessions", "created_at", -130)
        async with running_jobs(house):

            async def has_ended() -> bool:
                (row,) = await rows(house.database, "select end_reason from voice_sessions")
                return bool(row.end_reason == "never_joined")

            await until(has_ended)


async def test_a_stalled_job_is_run_again(postgres_url: str, livekit: LiveKit) -> None:
    async with a_house(postgres_url, livekit) as house:
        await make_stalled(house, attempts=1)
        async with running_jobs(house):
            await until(lambda: job_is(house, None))


async def test_a_job_that_kills_its_process_is_given_up(
    postgres_url: str, livekit: LiveKit
) -> None:
    async with a_house(postgres_url, livekit) as house:
        await make_stalled(house, attempts=MOST_ATTEMPTS)
        async with running_jobs(house):
            await until(lambda: job_is(house, "failed"))


async def test_broken_connections_are_made_again(postgres_url: str, livekit: LiveKit) -> None:
    async with a_house(postgres_url, livekit) as house, running_jobs(house):
        await leave_delete_room(house)
        await until(lambda: job_is(house, None))
        admin = await psycopg.AsyncConnection.connect(admin_url(postgres_url), autocommit=True)
        async with admin:
            await admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name = 'callmissed-jobs'"
            )
        await leave_delete_room(house)
        await until(lambda: job_is(house, None))


async def test_the_process_ends_at_sigterm(postgres_url: str) -> None:
    async with fresh_database(postgres_url) as url:
        kept = {"PATH": environ["PATH"], "HOME": environ.get("HOME", "/")}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "callmissed", "jobs"),
            env={**kept, **environment(url, NOWHERE), "CALLMISSED_LOG_LEVEL": "info"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert process.stdout is not None
        said = b""
        async with asyncio.timeout(PATIENCE_S):
            while b"jobs_started" not in said:
                line = await process.stdout.readline()
                assert line, said.decode()
                said += line
            process.send_signal(signal.SIGTERM)
            rest, _ = await process.communicate()
        assert process.returncode == 0, (said + rest).decode()
        assert b"Traceback" not in said + rest


async def room_exists(livekit: LiveKit, room: str) -> bool:
    async with api.LiveKitAPI(livekit.url, livekit.key, livekit.secret) as client:
        found = await client.room.list_rooms(api.ListRoomsRequest(names=[room]))
    return bool(found.rooms)
