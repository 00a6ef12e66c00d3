"""The connections of one process."""

from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio

from callmissed.providers.connections import Connections


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    connections = Connections()
    yield connections.session()
    await connections.aclose()
