"""Rates of keys and of bad keys, and that a bad key costs the database nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from callmissed.api.app import create_app
from callmissed.api.auth import admit
from callmissed.api.permissions import SIGNED_IN
from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.limits import UNKNOWN_KEYS
from callmissed.kit.tokens import key_is_well_formed, mint_key, random_base62
from callmissed.services.tenants import create_tenant
from callmissed.store.database import Database
from callmissed.store.system import SystemDb
from tests.api.conftest import Installation, client_of
from tests.api.keys import PATH, SESSIONS, make_key, visitor_of

MANY = 100_000


@dataclass
class CountedDatabase:
    """The database of the tests, which counts the transactions that cross tenants."""

    database: Database
    opened: int = field(default=0)

    @asynccontextmanager
    async def system(self) -> AsyncIterator[SystemDb]:
        self.opened += 1
        async with self.database.system() as db:
            yield db

    def __getattr__(self, name: str) -> Any:
        return getattr(self.database, name)


@pytest.fixture
def counted(installation: Installation) -> tuple[CountedDatabase, FastAPI]:
    """An API process of its own, over the same database."""
    database = CountedDatabase(installation.house.database)
    return database, create_app(replace(installation.house, database=database))


async def test_a_hundred_thousand_mistyped_keys_cost_no_query(
    counted: tuple[CountedDatabase, FastAPI],
) -> None:
    database, app = counted
    answers = set()
    for number in range(MANY):
        key = f"{'cm' if number % 2 else 'cmp'}_{random_base62(36)}"
        if key_is_well_formed(key, "cm") or key_is_well_formed(key, "cmp"):
            continue
        scope = {
            "type": "http",
            "app": app,
            "headers": [(b"authorization", f"Bearer {key}".encode())],
            "client": ("192.0.2.200", 1),
        }
        try:
            await admit(Request(scope), SIGNED_IN)
            answers.add(None)
        except Refusal as refusal:
            answers.add(refusal.kind)
    assert (answers, database.opened) == ({Kind.INVALID_API_KEY}, 0)


async def test_an_unknown_key_is_asked_for_once(
    counted: tuple[CountedDatabase, FastAPI], any_error: Any
) -> None:
    database, app = counted
    async with visitor_of(app, mint_key("cm"), "192.0.2.201", None) as client:
        for _ in range(50):
            any_error(await client.get("/v1/me"), 401, "invalid_api_key")
    assert database.opened == 1


async def test_an_address_may_try_so_many_unknown_keys(
    counted: tuple[CountedDatabase, FastAPI], installation: Installation, any_error: Any
) -> None:
    database, app = counted
    guesser = "192.0.2.202"

    async def ask(key: str, address: str = guesser) -> httpx2.Response:
        async with visitor_of(app, key, address, None) as client:
            return await client.get("/v1/me")

    assert (await ask(installation.key)).status_code == 200
    answers = [await ask(mint_key("cm")) for _ in range(3 * UNKNOWN_KEYS.limit)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) > UNKNOWN_KEYS.limit
    any_error(refused[-1], 429, "rate_limited")
    assert int(refused[-1].headers["retry-after"]) >= 1
    assert database.opened < 2 * UNKNOWN_KEYS.limit
    # Who is known works on from the same address, and others from theirs.
    assert (await ask(installation.key)).status_code == 200
    any_error(await ask(mint_key("cm"), "192.0.2.203"), 401, "invalid_api_key")


async def test_a_rate_holds_over_all_routes(
    api: httpx2.AsyncClient, installation: Installation, any_error: Any
) -> None:
    made = await make_key(api, rate_limit_rpm=4)
    async with client_of(installation.app, made["key"]) as client:
        answers = [
            await client.get("/v1/me"),
            await client.get("/v1/nothing"),
            await client.get("/v1/bots"),
            await client.post(SESSIONS, json={"language": 7}),
            await client.get(PATH),
            await client.get("/v1/models"),
            await client.post(SESSIONS, json={}),
        ]
    assert [answer.status_code for answer in answers] == [200, 404, 200, 422, 200, 429, 429]
    assert answers[0].headers["x-ratelimit-limit"] == "4"
    assert [answers[at].headers["x-ratelimit-remaining"] for at in (0, 2, 4)] == ["3", "2", "0"]
    error = any_error(answers[5], 429, "rate_limited")
    assert "4 times a minute" in error["message"]
    assert 1 <= int(answers[5].headers["retry-after"]) <= 15
    assert answers[5].headers["x-ratelimit-reset"] <= "60"


async def test_rolled_keys_share_one_rate(
    api: httpx2.AsyncClient, installation: Installation
) -> None:
    old = await make_key(api, rate_limit_rpm=2)
    answer = await api.post(f"{PATH}/{old['id']}/roll", json={"overlap_seconds": 60})
    statuses = []
    for key in (old["key"], answer.json()["key"], old["key"], answer.json()["key"]):
        async with client_of(installation.app, key) as client:
            statuses.append((await client.get("/v1/me")).status_code)
    assert statuses == [200, 200, 429, 429]


async def test_ten_sessions_a_minute(installation: Installation, any_error: Any) -> None:
    house = installation.house
    settings = house.settings.model_copy(update={"creates_per_minute": None})
    app = create_app(replace(house, settings=settings))
    async with house.database.system() as db:
        _, key = await create_tenant(db, house.keyring, "Ten")
    async with client_of(app, key) as client:
        once = {"Idempotency-Key": "the first of ten"}
        assert (await client.post(SESSIONS, json={}, headers=once)).status_code == 201
        for _ in range(5):
            assert (await client.post(SESSIONS, json={"language": 7})).status_code == 422
        for _ in range(9):
            assert (await client.post(SESSIONS, json={})).status_code == 201
        refused = await client.post(SESSIONS, json={})
        any_error(refused, 429, "rate_limited")
        assert refused.headers["x-ratelimit-limit"] == "10"
        assert refused.headers["x-ratelimit-remaining"] == "0"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        replayed = await client.post(SESSIONS, json={}, headers=once)
        assert replayed.headers["idempotent-replayed"] == "true"
