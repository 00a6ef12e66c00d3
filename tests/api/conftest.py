"""An installation in this process: real database, real media server, two tenants, one worker."""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from callmissed.api.app import create_app
from callmissed.domain.installation import FirstStart, InitRequest
from callmissed.domain.workers import Worker
from callmissed.kit.tokens import keyed_hash, mint_key
from callmissed.providers.catalog import load_catalog
from callmissed.runtime.embedded.ports import free_ports
from callmissed.runtime.house import House, open_house
from callmissed.runtime.settings import Settings, load_settings
from callmissed.services import workers
from callmissed.services.installation import prepare
from callmissed.services.tenants import create_tenant
from callmissed.store import api_keys
from tests.canaries import note_exchange
from tests.conftest import LiveKit
from tests.databases import fresh_database
from tests.stories import shift

SLOTS = 100_000
AN_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Installation:
    """`key` belongs to the first tenant, `strangers_key` to another one."""

    house: House
    app: FastAPI
    first: FirstStart
    key: str
    strangers_key: str
    worker_id: UUID

    async def key_with(self, *permissions: str) -> str:
        """Of the first tenant."""
        key = mint_key("cm")
        hashed = keyed_hash(self.house.keyring.api_keys, key)
        async with self.house.database.system() as db:
            await api_keys.add(
                db, self.first.tenant_id, "narrow", "…", hashed, frozenset(permissions)
            )
        return key


@pytest_asyncio.fixture(scope="session")
async def installation(postgres_url: str, livekit: LiveKit) -> AsyncIterator[Installation]:
    async with fresh_database(postgres_url) as database_url:
        with tempfile.TemporaryDirectory() as folder:
            async with open_house(settings_of(Path(folder), database_url, livekit)) as house:
                # The whole catalogue, whatever this machine can speak with.
                yield await _furnish(replace(house, catalog=load_catalog()))


def settings_of(folder: Path, database_url: str, livekit: LiveKit) -> Settings:
    return load_settings(environment_of(folder, database_url, livekit))


def environment_of(folder: Path, database_url: str, livekit: LiveKit) -> dict[str, str]:
    return {
        "CALLMISSED_DATA_DIR": str(folder),
        "CALLMISSED_PUBLIC_URL": "http://api.test",
        "CALLMISSED_SECRET": "secret-of-the-tests-for-callmissed",
        "CALLMISSED_OUTBOUND_ALLOW": "10.9.0.0/16",
        "CALLMISSED_CREATES_PER_MINUTE": "100000",
        "DATABASE_URL": database_url,
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": livekit.key,
        "LIVEKIT_API_SECRET": livekit.secret,
    }


async def _furnish(house: House) -> Installation:
    key, worker = mint_key("cm"), Worker(uuid4(), "worker-1", SLOTS)
    init = InitRequest(tenant_name="Acme", bot_name="Clinic reception", api_key=key)
    async with house.database.system() as db:
        first = await prepare(db, house.keyring, init)
        _, strangers_key = await create_tenant(db, house.keyring, "Strangers")
        await workers.register(db, worker)
    await shift(house.database, "workers", "beat_at", AN_HOUR_S)
    return Installation(house, create_app(house), first, key, strangers_key, worker.id)


def client_of(app: FastAPI, key: str | None = None) -> httpx2.AsyncClient:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=True)
    return httpx2.AsyncClient(
        transport=transport,
        base_url="http://api.test",
        headers=headers,
        event_hooks={"response": [note_exchange]},
    )


@pytest_asyncio.fixture
async def dark(livekit: LiveKit, data_dir: Path) -> AsyncIterator[FastAPI]:
    """An application whose database does not answer."""
    (port,) = free_ports("127.0.0.1", 1)
    settings = settings_of(data_dir, f"postgresql://nobody@127.0.0.1:{port}/none", livekit)
    async with open_house(settings) as house:
        yield create_app(house)


@pytest_asyncio.fixture
async def api(installation: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    """Signed with the first tenant's key."""
    async with client_of(installation.app, installation.key) as client:
        yield client


@pytest_asyncio.fixture
async def stranger(installation: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(installation.app, installation.strangers_key) as client:
        yield client


@pytest_asyncio.fixture
async def nobody(installation: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(installation.app) as client:
        yield client


@pytest.fixture
def any_error() -> Any:
    """Checks an answer for the error object and returns it."""

    def check(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
        assert response.status_code == status, response.text
        error: dict[str, Any] = response.json()["error"]
        names = ["message", "type", "code", "param", "hint", "doc_url", "request_id"]
        assert list(error) == names
        assert error["code"] == code
        assert error["doc_url"] == f"http://api.test/docs/errors/{code}"
        assert error["request_id"] == response.headers["x-request-id"]
        assert error["message"] and error["hint"]
        return error

    return check
