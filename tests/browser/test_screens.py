"""Every page is readable: both themes and languages, telephone and desk, by a screen reader."""

from typing import Literal

import pytest
from playwright.async_api import Browser, expect

from tests.browser.browsers import Visitor
from tests.browser.screens import check

SIZES = {"desk": {"width": 1280, "height": 860}, "telephone": {"width": 360, "height": 740}}

Theme = Literal["light", "dark"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("language", ["en-IN", "hi-IN"])
async def test_pages_are_accessible(
    owner: Visitor, browser: Browser, theme: Theme, size: str, language: str
) -> None:
    options = {"color_scheme": theme, "viewport": SIZES[size], "locale": language}
    async with Visitor(owner.base_url).window(browser, **options) as page:
        await page.goto("/")
        await expect(page.locator("html")).to_have_attribute("lang", language[:2])
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await check(page)
        await page.goto("/claim")
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await check(page)
    async with owner.window(browser, **options) as page:
        await page.route("**/v1/voice/sessions", lambda route: route.abort())
        await page.goto("/playground")
        talk = page.locator("[data-state] button")
        await expect(talk).to_be_enabled()
        await check(page)
        await talk.click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await check(page)
        await page.goto("/settings/providers")
        await expect(page.get_by_role("heading", name="Sarvam")).to_be_visible()
        await check(page)


async def test_language_and_theme_are_chosen_by_keyboard_and_remembered(
    owner: Visitor, browser: Browser
) -> None:
    async with owner.window(browser) as page:
        await page.goto("/playground")
        await page.get_by_label("Language", exact=True).focus()
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_role("heading", level=1)).to_have_text("प्लेग्राउंड")
        await page.get_by_label("थीम").select_option("dark")
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
        await expect(page.get_by_role("heading", level=1)).to_have_text("प्लेग्राउंड")


async def test_the_page_asks_nobody_but_its_own_server(owner: Visitor, browser: Browser) -> None:
    asked: list[str] = []
    async with owner.window(browser) as page:
        page.on("request", lambda request: asked.append(request.url))
        await page.goto("/playground")
        await expect(page.get_by_label("Bot", exact=True)).to_be_visible()
    strangers = [url for url in asked if not url.startswith((owner.base_url, "data:", "blob:"))]
    assert strangers == []
