"""A customer of the tests' installation."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.conftest import Installation
from tests.e2e.caller import Customer, open_customer


@pytest_asyncio.fixture
async def customer(installation: Installation) -> AsyncIterator[Customer]:
    async with open_customer(installation.base_url, installation.api_key) as one:
        yield one
