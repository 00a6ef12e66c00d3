"""A 201 is always answered by an agent: without a slot nothing is made, and no room is left."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio
from livekit import api as livekit_api

from callmissed.api.app import create_app
from callmissed.domain.installation import InitRequest
from callmissed.domain.workers import Report, Worker
from callmissed.kit.tokens import mint_key
from callmissed.runtime.embedded.ports import free_ports
from callmissed.runtime.house import House, open_house
from callmissed.services import workers
from callmissed.services.installation import prepare
from tests.api.conftest import AN_HOUR_S, client_of, settings_of
from tests.conftest import LiveKit
from tests.databases import fresh_database
from tests.stories import shift

PATH = "/v1/voice/sessions"
SLOTS = 3
KEY = mint_key("cm")


@pytest_asyncio.fixture
async def house(postgres_url: str, livekit: LiveKit, data_dir: Path) -> AsyncIterator[House]:
    """An installation without workers."""
    async with (
        fresh_database(postgres_url) as database_url,
        open_house(settings_of(data_dir, database_url, livekit)) as house,
    ):
        init = InitRequest(tenant_name="Acme", bot_name="Bot", api_key=KEY)
        async with house.database.system() as db:
            await prepare(db, house.keyring, init)
        yield house


async def test_more_creates_than_slots_make_as_many_sessions_and_rooms(
    house: House, livekit: LiveKit, any_error: Any
) -> None:
    await _start_worker(house)
    before = await _rooms_of(livekit)
    async with client_of(create_app(house), KEY) as client:
        answers = await asyncio.gather(*(client.post(PATH, json={}) for _ in range(SLOTS + 4)))
        made = [answer for answer in answers if answer.status_code == 201]
        assert len(made) == SLOTS
        for answer in answers:
            if answer not in made:
                any_error(answer, 503, "at_capacity")
                assert int(answer.headers["retry-after"]) > 0
        listed = await client.get(PATH)
    assert listed.headers["x-total-count"] == str(SLOTS)
    rooms = {answer.json()["config"]["livekit_room"] for answer in made}
    assert await _rooms_of(livekit) - before == rooms


async def test_a_room_waits_for_its_caller_and_keeps_to_one(house: House, livekit: LiveKit) -> None:
    await _start_worker(house)
    async with client_of(create_app(house), KEY) as client:
        created = (await client.post(PATH, json={})).json()
    async with _asking(livekit) as server:
        request = livekit_api.ListRoomsRequest(names=[created["config"]["livekit_room"]])
        (room,) = (await server.room.list_rooms(request)).rooms
    assert (room.empty_timeout, room.departure_timeout, room.max_participants) == (125, 20, 1)


async def test_a_replay_leaves_no_second_room(house: House, livekit: LiveKit) -> None:
    await _start_worker(house)
    before = await _rooms_of(livekit)
    async with client_of(create_app(house), KEY) as client:
        for _ in range(3):
            answer = await client.post(PATH, json={}, headers={"Idempotency-Key": "once"})
            assert answer.status_code == 201
    assert len(await _rooms_of(livekit) - before) == 1


async def test_readiness_names_a_missing_worker(house: House) -> None:
    async with client_of(create_app(house)) as client:
        waiting = await client.get("/health/ready")
        assert (waiting.status_code, waiting.headers["retry-after"]) == (503, "1")
        assert "worker" in waiting.json()["missing"][0]
        await _start_worker(house)
        ready = await client.get("/health/ready")
    told = ready.json()
    assert (ready.status_code, told["status"], told["missing"]) == (200, "ok", [])
    assert told["slots"] == told["free_slots"] > 0


async def test_readiness_tells_that_every_slot_is_taken(house: House) -> None:
    worker = await _start_worker(house)
    async with house.database.system() as db:
        assert await workers.beat(db, worker, Report(slots=4, free_slots=0, lag_ms=321.5))
    async with client_of(create_app(house)) as client:
        told = await client.get("/health/ready")
    assert (told.status_code, told.json()["status"]) == (200, "busy")
    assert (told.json()["slots"], told.json()["free_slots"]) == (4, 0)
    assert told.json()["lag_ms"] == 321.5


async def test_without_a_media_server_nothing_is_made(
    house: House, livekit: LiveKit, data_dir: Path, any_error: Any
) -> None:
    await _start_worker(house)
    (port,) = free_ports("127.0.0.1", 1)
    away = LiveKit(f"ws://127.0.0.1:{port}", livekit.key, livekit.secret)
    settings = settings_of(data_dir, house.settings.database_url, away)
    async with open_house(settings) as cut_off, client_of(create_app(cut_off), KEY) as client:
        any_error(await client.post(PATH, json={}), 503, "unavailable")
        assert (await client.get(PATH)).json() == []


async def _start_worker(house: House) -> UUID:
    worker = Worker(uuid4(), "worker-1", SLOTS)
    async with house.database.system() as db:
        await workers.register(db, worker)
    await shift(house.database, "workers", "beat_at", AN_HOUR_S)
    return worker.id


def _asking(livekit: LiveKit) -> livekit_api.LiveKitAPI:
    return livekit_api.LiveKitAPI(livekit.url, livekit.key, livekit.secret)


async def _rooms_of(livekit: LiveKit) -> set[str]:
    async with _asking(livekit) as server:
        return {
            room.name
            for room in (await server.room.list_rooms(livekit_api.ListRoomsRequest())).rooms
        }
