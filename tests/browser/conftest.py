"""The owner of the tests' installation in a real browser.

The owner link works once, so all tests share its sign-in.
"""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Playwright, async_playwright, expect

from tests.browser.browsers import FAKE_DEVICE, SAY_YES, Visitor, running_browser
from tests.servers import Installation

expect.set_options(timeout=20_000)


@pytest_asyncio.fixture(scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    """With a microphone that it hands out without asking."""
    async with running_browser(playwright, FAKE_DEVICE, SAY_YES) as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def signed_in(installation: Installation, browser: Browser) -> Visitor:
    assert installation.owner_link
    visitor = Visitor(installation.base_url)
    async with visitor.window(browser) as page:
        await page.goto(installation.owner_link)
        await page.wait_for_url("**/playground")
    return visitor


@pytest.fixture
def owner(signed_in: Visitor) -> Iterator[Visitor]:
    """The owner; afterwards no page may have complained in its console."""
    signed_in.complaints.clear()
    yield signed_in
    assert signed_in.complaints == []


@pytest_asyncio.fixture
async def playground(owner: Visitor, browser: Browser) -> AsyncIterator[Page]:
    """The playground, opened by the owner, with a microphone that the test speaks into."""
    async with owner.window(browser) as page:
        await page.add_init_script("testSound.takeMicrophone()")
        await page.goto("/playground")
        await expect(page.get_by_role("button", name="Talk")).to_be_enabled()
        yield page
        hang_up = page.get_by_role("button", name="End call")
        if await hang_up.is_visible():
            await hang_up.click()
