"""The playground as a test reads it."""

import re

from playwright.async_api import Locator, Page, expect

from tests.browser.browsers import ROOT
from tests.browser.sounds import PageSound

IN_TALK = "[data-state=listening], [data-state=thinking], [data-state=speaking]"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def stage(page: Page) -> Locator:
    return page.locator("[data-state]")


def lines(page: Page, who: str) -> Locator:
    """Captions of "caller" or "agent"."""
    return page.locator(f'li[data-who="{who}"]')


async def start_talking(page: Page) -> None:
    talk = page.get_by_role("button", name=re.compile("^Talk"))
    await expect(talk).to_be_enabled()
    await talk.press("Enter")
    await expect(page.get_by_role("button", name="End call")).to_be_visible()


async def hear_greeting(page: Page, sound: PageSound) -> None:
    """Returns when the agent has greeted and is quiet."""
    await page.locator(f"{IN_TALK}, [role=alert]").first.wait_for()
    assert await page.get_by_role("alert").all_inner_texts() == []
    await sound.hear_out(0)


async def end_call(page: Page) -> None:
    await page.get_by_role("button", name="End call").click()
    await expect(page.get_by_role("button", name="Talk again")).to_be_visible()


async def check(page: Page) -> None:
    """Fails for a WCAG A or AA violation that axe can see, and for sideways scrolling."""
    await page.evaluate(AXE.read_text())
    found = await page.evaluate(
        "rules => axe.run({ runOnly: rules }).then(({ violations }) => violations.map("
        "({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(' ')}`))",
        RULES,
    )
    assert found == [], found
    width = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, "the page scrolls sideways"
