"""Real servers for the tests: PostgreSQL, livekit-server, and once a run the whole installation."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.canaries import collected_logs, find_canaries
from tests.servers import (
    Installation,
    running_installation,
    running_livekit,
    running_postgres,
    short_folder,
)


@dataclass(frozen=True, slots=True)
class LiveKit:
    """A livekit-server that makes no room by itself."""

    url: str
    key: str
    secret: str


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture(autouse=True, scope="session")
def clean_environment() -> None:
    """Settings of the shell that runs the tests do not leak into them."""
    for name in list(os.environ):
        if name.startswith(("CALLMISSED_", "LIVEKIT_")) or name == "DATABASE_URL":
            del os.environ[name]


@pytest.fixture(autouse=True, scope="session")
def canaries_stay_out_of_logs() -> Iterator[None]:
    """What the code under test logs in this process is searched when all tests have run."""
    with collected_logs() as log:
        yield
    assert not find_canaries(log.getvalue())


@pytest_asyncio.fixture(scope="session")
async def postgres_url(clean_environment: None) -> AsyncIterator[str]:
    """`postgresql://…` of a fresh database whose owner may make roles; not migrated."""
    with short_folder() as folder:
        async with running_postgres(folder) as url:
            yield url


@pytest_asyncio.fixture(scope="session")
async def livekit(clean_environment: None) -> AsyncIterator[LiveKit]:
    with short_folder() as folder:
        async with running_livekit(folder, "tests", "secret-of-the-tests-livekit-server") as server:
            yield LiveKit(server.url, server.key, server.secret)


@pytest.fixture(scope="session")
def installation(clean_environment: None) -> Iterator[Installation]:
    """The whole product, started by `callmissed up` on free ports; the same one for all tests."""
    with short_folder() as folder, running_installation(folder) as running:
        yield running
