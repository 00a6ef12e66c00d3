"""One installation for the whole matrix, with its log kept."""

import io
import logging
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio
import structlog
from sqlalchemy.engine import make_url

from callmissed.api.app import create_app
from callmissed.domain.workers import Worker
from callmissed.providers.catalog import load_catalog
from callmissed.runtime.house import open_house
from callmissed.runtime.logs import configure_logs
from callmissed.services import workers
from tests.api.conftest import AN_HOUR_S, SLOTS, settings_of
from tests.conftest import LiveKit
from tests.databases import admin_url, fresh_database
from tests.matrix.catalog import read_catalog
from tests.matrix.world import Installation
from tests.stories import shift


@pytest.fixture(scope="session")
def log() -> Iterator[io.StringIO]:
    """All that our code logs, as a process of ours writes it."""
    kept, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logs("matrix", "debug")
    structlog.configure(cache_logger_on_first_use=False)
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(kept)
    yield kept
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest_asyncio.fixture(scope="session")
async def installation(
    postgres_url: str, livekit: LiveKit, log: io.StringIO
) -> AsyncIterator[Installation]:
    async with fresh_database(postgres_url) as url:
        with tempfile.TemporaryDirectory() as folder:
            async with open_house(settings_of(Path(folder), url, livekit)) as house:
                async with house.database.system() as db:
                    await workers.register(db, Worker(uuid4(), "worker-1", SLOTS))
                await shift(house.database, "workers", "beat_at", AN_HOUR_S)
                whole = replace(house, catalog=load_catalog())
                name = make_url(url).database or ""
                with psycopg.connect(admin_url(url, name), autocommit=True) as connection:
                    catalog = read_catalog(connection)
                    yield Installation(whole, create_app(whole), connection, catalog)
