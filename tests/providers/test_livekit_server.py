"""Rooms on a real livekit-server, and exactly which rights their tokens carry."""

from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from livekit import api, rtc

from callmissed.domain.errors import Kind, Refusal
from callmissed.kit.clock import utc_now
from callmissed.providers.livekit_server import Rooms
from tests.conftest import LiveKit

SECRET = "s" * 32


def claims_of(token: str) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(token, SECRET, algorithms=["HS256"])
    return claims


def test_a_callers_token_carries_these_rights_and_no_other() -> None:
    expires_at = utc_now() + timedelta(seconds=3600)
    token = Rooms("ws://nowhere", "key", SECRET).caller_token("voice-1", expires_at)
    assert claims_of(token) == {
        "iss": "key",
        "sub": "caller",
        "exp": int(expires_at.timestamp()),
        "video": {
            "roomJoin": True,
            "room": "voice-1",
            "canPublish": True,
            "canPublishSources": ["microphone"],
            "canSubscribe": True,
            "canPublishData": False,
            "canUpdateOwnMetadata": False,
        },
    }


def test_a_token_minted_again_expires_at_the_same_second() -> None:
    rooms = Rooms("ws://nowhere", "key", SECRET)
    for microsecond in (0, 1, 499_999, 500_000, 999_999):
        moment = utc_now().replace(microsecond=microsecond) + timedelta(seconds=900)
        assert claims_of(rooms.caller_token("r", moment))["exp"] == int(moment.timestamp())


def test_an_agents_token_says_that_it_is_an_agent() -> None:
    claims = claims_of(Rooms("ws://nowhere", "key", SECRET).agent_token("voice-1"))
    claims.pop("exp")
    assert claims == {
        "iss": "key",
        "sub": "agent",
        "kind": "agent",
        "video": {
            "roomJoin": True,
            "room": "voice-1",
            "agent": True,
            "canPublish": True,
            "canSubscribe": True,
            "canPublishData": True,
            "canUpdateOwnMetadata": True,
        },
    }


async def test_a_room_is_made_as_calls_need_it_and_deleted_twice(livekit: LiveKit) -> None:
    rooms, name = Rooms(livekit.url, livekit.key, livekit.secret), f"voice-{uuid4().hex}"
    await rooms.create_room(name)
    async with api.LiveKitAPI(livekit.url, livekit.key, livekit.secret) as client:
        (room,) = (await client.room.list_rooms(api.ListRoomsRequest(names=[name]))).rooms
        assert (room.empty_timeout, room.departure_timeout, room.max_participants) == (125, 20, 1)
        await rooms.delete_room(name)
        await rooms.delete_room(name)
        assert not (await client.room.list_rooms(api.ListRoomsRequest(names=[name]))).rooms
    await rooms.aclose()


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_a_host_with_a_wrong_clock_enters_the_rooms_that_it_makes(
    livekit: LiveKit, minutes: int
) -> None:
    wrong = timedelta(minutes=minutes)
    rooms = Rooms(livekit.url, livekit.key, livekit.secret, now=lambda: utc_now() + wrong)
    name = f"voice-{uuid4().hex}"
    await rooms.create_room(name)
    agent, caller = rtc.Room(), rtc.Room()
    await agent.connect(livekit.url, rooms.agent_token(name))
    in_an_hour = utc_now() + timedelta(hours=1)
    await caller.connect(livekit.url, rooms.caller_token(name, in_an_hour))
    assert agent.name == caller.name == name
    await caller.disconnect()
    await agent.disconnect()
    await rooms.delete_room(name)
    await rooms.aclose()


@pytest.mark.parametrize("secret", [None, "w" * 32], ids=["down", "wrong secret"])
async def test_a_server_that_is_down_or_refuses_us_is_unavailable(
    livekit: LiveKit, secret: str | None
) -> None:
    url = livekit.url if secret else "ws://127.0.0.1:9"
    rooms = Rooms(url, livekit.key, secret or livekit.secret)
    for ask in (rooms.create_room, rooms.delete_room):
        with pytest.raises(Refusal) as caught:
            await ask("voice-x")
        assert (caught.value.kind, caught.value.retry_after_s) == (Kind.UNAVAILABLE, 1)
    await rooms.aclose()
