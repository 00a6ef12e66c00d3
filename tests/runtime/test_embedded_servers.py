"""The servers that come along: they start, keep what they hold, and leave with their owner."""

import psycopg
from livekit import api

from tests.conftest import LiveKit


async def test_the_database_answers_with_vectors(postgres_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(postgres_url) as connection:
        found = await connection.execute("select '[1,2]'::vector <-> '[1,4]'::vector")
        assert await found.fetchone() == (2.0,)


async def test_a_room_that_nobody_made_cannot_be_entered(livekit: LiveKit) -> None:
    async with api.LiveKitAPI(livekit.url, livekit.key, livekit.secret) as server:
        rooms = await server.room.list_rooms(api.ListRoomsRequest())
    assert list(rooms.rooms) == []
