"""Rooms are made again while their calls run, and not left behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from livekit import api

from callmissed.domain.errors import Kind, Refusal
from callmissed.providers.livekit_server import Rooms
from callmissed.worker.rooms import RoomKeeper
from tests.conftest import LiveKit

PATIENCE_S = 10
POLL_S = 0.05


class Answers:
    """What the database says of sessions; `is_away` for as long as it does not."""

    def __init__(self, *, is_open: bool = True, is_away: bool = False) -> None:
        self.says_open = is_open
        self.is_away = is_away
        self.asked = asyncio.Event()

    async def is_open(self, _session_id: UUID) -> bool:
        self.asked.set()
        if self.is_away:
            raise Refusal(Kind.UNAVAILABLE, "away", "wait")
        return self.says_open


@asynccontextmanager
async def keeping(
    livekit: LiveKit, answers: Answers, runs: Callable[[UUID], bool] = lambda _: True
) -> AsyncIterator[RoomKeeper]:
    rooms = Rooms(livekit.url, livekit.key, livekit.secret)
    keeper = RoomKeeper(rooms, runs, answers.is_open)
    running = asyncio.create_task(keeper.run())
    yield keeper
    running.cancel()
    await asyncio.wait([running])
    await rooms.aclose()


async def is_there(livekit: LiveKit, room: str) -> bool:
    async with api.LiveKitAPI(livekit.url, livekit.key, livekit.secret) as server:
        return bool((await server.room.list_rooms(api.ListRoomsRequest(names=[room]))).rooms)


async def until_there(livekit: LiveKit, room: str, *, there: bool) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await is_there(livekit, room) != there:
            await asyncio.sleep(POLL_S)


async def test_a_lost_room_is_made_again(livekit: LiveKit) -> None:
    room = f"voice-{uuid4().hex}"
    async with keeping(livekit, Answers()) as keeper:
        keeper.note_lost(uuid4(), room)
        await until_there(livekit, room, there=True)


async def test_the_room_of_a_call_that_ended_meanwhile_goes(livekit: LiveKit) -> None:
    answers = Answers(is_away=True, is_open=False)
    room = f"voice-{uuid4().hex}"
    async with keeping(livekit, answers) as keeper:
        keeper.note_lost(uuid4(), room)
        await until_there(livekit, room, there=True)
        await asyncio.wait_for(answers.asked.wait(), PATIENCE_S)
        answers.is_away = False
        await until_there(livekit, room, there=False)


async def test_no_room_is_made_for_a_call_that_does_not_run_here(livekit: LiveKit) -> None:
    stranger, own = uuid4(), uuid4()
    rooms = {one: f"voice-{one.hex}" for one in (stranger, own)}
    async with keeping(livekit, Answers(), lambda one: one == own) as keeper:
        for one, room in rooms.items():
            keeper.note_lost(one, room)
        await until_there(livekit, rooms[own], there=True)
        assert not await is_there(livekit, rooms[stranger])
