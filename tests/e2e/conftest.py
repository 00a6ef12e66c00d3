"""Customers of the tests' installation, and of one whose calls all run in one process."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.e2e.caller import Customer, open_customer
from tests.servers import Installation, running_installation, short_folder


@pytest_asyncio.fixture
async def customer(installation: Installation) -> AsyncIterator[Customer]:
    async with open_customer(installation) as one:
        yield one


@pytest.fixture(scope="package")
def one_process(clean_environment: None) -> Iterator[Installation]:
    """An installation of its own, with one call process."""
    with (
        short_folder() as folder,
        running_installation(
            folder, CALLMISSED_WORKER_PROCESSES="1", CALLMISSED_WORKER_SPARES="0"
        ) as running,
    ):
        yield running


@pytest_asyncio.fixture
async def customer_of_one_process(one_process: Installation) -> AsyncIterator[Customer]:
    async with open_customer(one_process) as one:
        yield one
