"""Every way in which a call can end, under real callers: one state, one event, no room, no voice."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx2
import pytest_asyncio
from livekit import api
from sqlalchemy import text

from callmissed.domain.errors import Refusal
from callmissed.domain.sessions import AGENT_IDENTITY, CALLER_IDENTITY
from callmissed.store.database import Database
from tests.e2e.caller import (
    PATIENCE_S,
    POLL_S,
    SESSIONS,
    Customer,
    Json,
    calling,
    hear_greeting,
)
from tests.e2e.processes import children_of, command_of, worker_processes
from tests.servers import Installation
from tests.transports.room_callers import RoomCaller

LONG_AGO = "interval '1 hour'"
LEFT = ("completed", "user_left")
DELETED = ("completed", "api_delete")
FAILED = ("failed", "error")
OVER_TIME = ("timeout", "max_duration")
UNJOINED = ("timeout", "never_joined")


@dataclass(frozen=True)
class Scene:
    """An installation from inside: its database, its media server, its customer."""

    installation: Installation
    customer: Customer
    database: Database
    media: api.LiveKitAPI

    async def change(self, session_id: str, change: str) -> None:
        async with self.database.system() as db:
            statement = text(f"update voice_sessions set {change} where id = :id")
            await db.connection.execute(statement, {"id": UUID(session_id)})

    async def events(self, session_id: str) -> list[str]:
        async with self.database.system() as db:
            statement = text("select type from events where session_id = :id order by id")
            return list(
                (await db.connection.execute(statement, {"id": UUID(session_id)})).scalars()
            )

    async def room(self, session_id: str) -> str:
        async with self.database.system() as db:
            statement = text("select room from voice_sessions where id = :id")
            found = await db.connection.execute(statement, {"id": UUID(session_id)})
            return str(found.scalar_one())

    async def put_out(self, session: Json, identity: str) -> None:
        who = api.RoomParticipantIdentity(room=await self.room(session["id"]), identity=identity)
        await self.media.room.remove_participant(who)

    async def until_at_rest(self, session_id: str) -> None:
        """Everything was shipped, and the room is gone."""
        room, journals = await self.room(session_id), self.installation.data_dir / "journals"
        async with asyncio.timeout(PATIENCE_S):
            while list(journals.rglob(f"{session_id}*")):
                await asyncio.sleep(POLL_S)
            asked = api.ListRoomsRequest(names=[room])
            while (await self.media.room.list_rooms(asked)).rooms:
                await asyncio.sleep(POLL_S)


@pytest_asyncio.fixture
async def scene(installation: Installation, customer: Customer) -> AsyncIterator[Scene]:
    told = settings_of(installation)
    database = Database(told["DATABASE_URL"])
    keys = (told["LIVEKIT_API_KEY"], told["LIVEKIT_API_SECRET"])
    async with api.LiveKitAPI(told["LIVEKIT_URL"], *keys) as media:
        yield Scene(installation, customer, database, media)
    await database.dispose()


def settings_of(installation: Installation) -> dict[str, str]:
    """What `callmissed up` told its API."""
    up = installation.process.pid
    [pid] = [pid for pid in children_of(up) if command_of(pid)[-1] == "api"]
    pairs = Path(f"/proc/{pid}/environ").read_text().rstrip("\0").split("\0")
    return dict(pair.split("=", 1) for pair in pairs)


async def leave(_scene: Scene, _session: Json, caller: RoomCaller) -> None:
    await caller.leave()


async def be_put_out(scene: Scene, session: Json, _caller: RoomCaller) -> None:
    await scene.put_out(session, CALLER_IDENTITY)


async def lose_the_agent(scene: Scene, session: Json, _caller: RoomCaller) -> None:
    await scene.put_out(session, AGENT_IDENTITY)


async def lose_the_room(scene: Scene, session: Json, _caller: RoomCaller) -> None:
    room = await scene.room(session["id"])
    await scene.media.room.delete_room(api.DeleteRoomRequest(room=room))


async def be_deleted(scene: Scene, session: Json, _caller: RoomCaller) -> None:
    await scene.customer.delete_session(session["id"])


async def talk_too_long(scene: Scene, session: Json, _caller: RoomCaller) -> None:
    await scene.change(session["id"], f"started_at = now() - {LONG_AGO}")


async def all_at_once(scene: Scene, session: Json, caller: RoomCaller) -> None:
    ways = (leave, be_put_out, lose_the_room, be_deleted, talk_too_long)
    doing = (way(scene, session, caller) for way in ways)
    for outcome in await asyncio.gather(*doing, return_exceptions=True):
        assert outcome is None or isinstance(outcome, httpx2.HTTPStatusError | api.TwirpError)


Way = Callable[[Scene, Json, RoomCaller], Awaitable[None]]

WAYS: dict[Way, set[tuple[str, str]]] = {
    leave: {LEFT},
    be_put_out: {LEFT},
    lose_the_agent: {FAILED},
    lose_the_room: {FAILED, LEFT},
    be_deleted: {DELETED},
    talk_too_long: {OVER_TIME},
    all_at_once: {LEFT, DELETED, OVER_TIME, FAILED},
}


async def end_of(scene: Scene, session_id: str) -> tuple[str, str]:
    """How it ended, once: it has one event of its beginning and one of its end."""
    ended = await scene.customer.end_of(session_id)
    await scene.until_at_rest(session_id)
    now = await scene.customer.session(session_id)
    assert all(now[name] == ended[name] for name in ("status", "end_reason", "ended_at"))
    last = "voice_session.failed" if ended["status"] == "failed" else "voice_session.ended"
    assert await scene.events(session_id) == ["voice_session.started", last]
    return ended["status"], ended["end_reason"]


async def run_to_its_end(scene: Scene, way: Way) -> tuple[str, str]:
    session = await scene.customer.open_session()
    async with calling(session) as caller:
        await hear_greeting(caller)
        await scene.customer.until(session["id"], lambda one: one["status"] == "active")
        await way(scene, session, caller)
        return await end_of(scene, session["id"])


async def stay_away(scene: Scene) -> tuple[str, str]:
    session = await scene.customer.open_session()
    await scene.change(session["id"], f"created_at = now() - {LONG_AGO}")
    return await end_of(scene, session["id"])


async def test_each_way_to_end_a_call_leaves_one_state_and_one_event(scene: Scene) -> None:
    async with asyncio.TaskGroup() as group:
        unjoined = group.create_task(stay_away(scene))
        running = {way: group.create_task(run_to_its_end(scene, way)) for way in WAYS}
    assert unjoined.result() == UNJOINED
    wrong = {
        way.__name__: task.result()
        for way, task in running.items()
        if task.result() not in WAYS[way]
    }
    assert not wrong


async def test_the_calls_of_a_suspended_tenant_end(
    scene: Scene, installation: Installation
) -> None:
    made = await run_command(installation, "tenant", "create", "Doomed")
    tenant_id, key = (line.split(": ")[1] for line in made.splitlines())
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=installation.base_url, headers=headers) as client:
        session = (await client.post(SESSIONS, json={"greeting": "Hello."})).raise_for_status()
        async with calling(session.json()) as caller:
            await hear_greeting(caller)
            put_out = asyncio.Event()
            caller.room.on("disconnected", lambda _reason: put_out.set())
            await run_command(installation, "tenant", "suspend", tenant_id)
            async with asyncio.timeout(PATIENCE_S):
                await put_out.wait()
        assert (await client.post(SESSIONS, json={})).status_code == 403
    await scene.until_at_rest(session.json()["id"])
    events = await scene.events(session.json()["id"])
    assert events == ["voice_session.started", "voice_session.failed"]


async def run_command(installation: Installation, *words: str) -> str:
    argv = (*words, "--data-dir", str(installation.data_dir))
    env = {**os.environ, **settings_of(installation)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "callmissed", *argv, env=env, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    assert process.returncode == 0
    return told.decode()


async def test_a_call_whose_worker_stands_still_for_good_fails_once(
    scene: Scene, installation: Installation
) -> None:
    session = await scene.customer.open_session()
    async with calling(session) as caller:
        await hear_greeting(caller)
        pids = worker_processes(installation.process.pid)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            await until_orphaned(scene, session["id"])
            await scene.change(session["id"], f"orphan_since = now() - {LONG_AGO}")
            ended = await scene.customer.end_of(session["id"])
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        assert (ended["status"], ended["end_reason"]) == FAILED
        assert await end_of(scene, session["id"]) == FAILED


async def until_orphaned(scene: Scene, session_id: str) -> None:
    statement = text("select orphan_since from voice_sessions where id = :id")
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(Refusal):
                async with scene.database.system() as db:
                    found = await db.connection.execute(statement, {"id": UUID(session_id)})
                    if found.scalar_one() is not None:
                        return
            await asyncio.sleep(POLL_S)


async def test_a_worker_that_is_told_twice_to_stop_ends_its_calls_once(
    scene: Scene, installation: Installation
) -> None:
    session = await scene.customer.open_session()
    async with calling(session) as caller:
        await hear_greeting(caller)
        worker = worker_processes(installation.process.pid)[0]
        os.kill(worker, signal.SIGTERM)
        os.kill(worker, signal.SIGINT)
        assert await end_of(scene, session["id"]) == FAILED
