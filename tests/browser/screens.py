"""The playground as a test reads it."""

import re

from playwright.async_api import Locator, Page, expect

from tests.browser.sounds import PageSound


def stage(page: Page) -> Locator:
    return page.locator("[data-state]")


def lines(page: Page, who: str) -> Locator:
    """Captions of "caller" or "agent"."""
    return page.locator(f'li[data-who="{who}"]')


async def start_talking(page: Page) -> None:
    await page.get_by_role("button", name=re.compile("^Talk")).click()
    await expect(page.get_by_role("button", name="End call")).to_be_visible()


async def hear_greeting(page: Page, sound: PageSound) -> None:
    """Returns when the agent has greeted and is quiet."""
    await expect(stage(page)).to_have_attribute(
        "data-state", re.compile("listening|thinking|speaking")
    )
    await sound.hear_out(0)


async def end_call(page: Page) -> None:
    await page.get_by_role("button", name="End call").click()
    await expect(page.get_by_role("button", name="Talk again")).to_be_visible()
