"""Customers of the tests' installation, and of one whose calls all run in one process."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.e2e.caller import Customer, open_customer
from tests.servers import Installation, running_installation, short_folder


@pytest_asyncio.fixture
async def customer(installation: Installation) -> AsyncIterator[Customer]:
    async with open_customer(installation) as one:
        yield one


@pytest_asyncio.fixture
async def customer_of_one_process(clean_environment: None) -> AsyncIterator[Customer]:
    with (
        short_folder() as folder,
        running_installation(folder, CALLMISSED_WORKER_PROCESSES="1") as installation,
    ):
        async with open_customer(installation) as one:
            yield one
