"""One pool of decoders and one set of voices for the tests of the local models."""

from collections.abc import AsyncIterator

import pytest_asyncio

from callmissed.providers.local.decoders import DecoderPool
from callmissed.providers.local.voices import Voices


@pytest_asyncio.fixture(scope="session")
async def voices() -> AsyncIterator[Voices]:
    engines = Voices()
    await engines.open()
    yield engines
    await engines.aclose()


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[DecoderPool]:
    decoders = DecoderPool(ready=1, limit=2)
    await decoders.open()
    yield decoders
    await decoders.aclose()
