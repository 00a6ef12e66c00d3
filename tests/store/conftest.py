"""A fresh, migrated database for each test."""

from collections.abc import AsyncIterator

import pytest

from callmissed.store.database import Database
from tests.databases import open_database


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    async with open_database(postgres_url) as database:
        yield database
