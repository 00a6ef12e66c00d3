"""How a room is lost, as our end of the line tells it: real rooms, real evictions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from livekit import api

from callmissed.domain.calls import OvertakenError
from callmissed.domain.lines import CallerHere, CallerLeft, LineClosed, LineEnd, LineNews
from callmissed.domain.sessions import AGENT_IDENTITY, CALLER_IDENTITY, EndReason
from callmissed.transports.livekit_room import RoomLine
from tests.conftest import LiveKit
from tests.transports.room_callers import RoomCaller, Tokens, fresh_room
from tests.transports.test_room_call import a_call
from tests.voice.fakes import scripted_models

PATIENCE_S = 15


@asynccontextmanager
async def in_room(livekit: LiveKit, tokens: Tokens) -> AsyncIterator[RoomLine]:
    line = RoomLine(caller_identity=CALLER_IDENTITY, tts_rate_hz=16000)
    await line.connect(livekit.url, tokens.agent)
    try:
        yield line
    finally:
        await line.aclose()


async def news_until(line: RoomLine, kind: type[LineNews]) -> LineNews:
    async with asyncio.timeout(PATIENCE_S):
        async for item in line.news():
            if isinstance(item, kind):
                return item
    raise AssertionError(f"no {kind.__name__}")


@asynccontextmanager
async def asking(livekit: LiveKit) -> AsyncIterator[api.LiveKitAPI]:
    url = livekit.url.replace("ws", "http", 1)
    async with api.LiveKitAPI(url, livekit.key, livekit.secret) as server:
        yield server


async def test_a_second_agent_puts_the_first_one_out(livekit: LiveKit) -> None:
    async with (
        fresh_room(livekit.url, livekit.key, livekit.secret) as tokens,
        in_room(livekit, tokens) as first,
        in_room(livekit, tokens),
    ):
        closed = await news_until(first, LineClosed)
    assert isinstance(closed, LineClosed)
    assert closed.end is LineEnd.OVERTAKEN


async def test_a_deleted_room_is_closed(livekit: LiveKit) -> None:
    async with (
        fresh_room(livekit.url, livekit.key, livekit.secret) as tokens,
        in_room(livekit, tokens) as line,
        asking(livekit) as server,
    ):
        await server.room.delete_room(api.DeleteRoomRequest(room=tokens.room))
        closed = await news_until(line, LineClosed)
    assert isinstance(closed, LineClosed)
    assert closed.end is LineEnd.CLOSED


async def test_a_caller_who_is_put_out_has_left(livekit: LiveKit) -> None:
    caller = RoomCaller()
    async with (
        fresh_room(livekit.url, livekit.key, livekit.secret) as tokens,
        in_room(livekit, tokens) as line,
        asking(livekit) as server,
    ):
        await caller.join(livekit.url, tokens.caller)
        await news_until(line, CallerHere)
        await server.room.remove_participant(
            api.RoomParticipantIdentity(room=tokens.room, identity=CALLER_IDENTITY)
        )
        await news_until(line, CallerLeft)
        await caller.leave()


async def test_an_overtaken_call_hangs_up_and_notes_nothing_more(livekit: LiveKit) -> None:
    async with a_call(livekit, scripted_models([], ["-"])) as call:
        await call.notes.until(lambda notes: len(notes.turns) == 1)
        async with in_room(livekit, call.tokens):
            async with asyncio.timeout(PATIENCE_S):
                with pytest.raises(OvertakenError):
                    await call.task
            agents = [
                one
                for one in call.caller.room.remote_participants.values()
                if one.identity == AGENT_IDENTITY
            ]
            assert len(agents) <= 1
    assert call.notes.ends == []
    assert len(call.notes.turns) == 1


async def test_a_call_whose_caller_is_put_out_ends(livekit: LiveKit) -> None:
    async with a_call(livekit, scripted_models([], ["-"])) as call, asking(livekit) as server:
        await call.notes.until(lambda notes: len(notes.turns) == 1)
        await server.room.remove_participant(
            api.RoomParticipantIdentity(room=call.tokens.room, identity=CALLER_IDENTITY)
        )
        async with asyncio.timeout(PATIENCE_S):
            await call.task
    assert [end.reason for end in call.notes.ends] == [EndReason.USER_LEFT]
