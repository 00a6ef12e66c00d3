"""The documented browser code, with only address and key replaced, on a page of another origin."""

import re
from pathlib import Path

from playwright.async_api import ConsoleMessage, Page, Playwright

from tests.browser.browsers import FAKE_DEVICE, ROOT, SAY_YES, Visitor, running_browser
from tests.browser.sounds import PageSound, words_of
from tests.browser.test_first_call import SATURDAY
from tests.conftest import Installation

DOCUMENTED = Path(__file__).with_name("documented.js")
LIBRARY = ROOT / "web" / "node_modules" / "livekit-client" / "dist" / "livekit-client.esm.mjs"
ORIGIN = "http://localhost:22190"
PAGE = """<!doctype html><meta charset="utf-8"><title>blank</title>
<script type="importmap">{"imports": {"livekit-client": "/livekit-client.mjs"}}</script>
<body><script type="module" src="/call.js"></script></body>"""


async def serve(page: Page, code: str) -> None:
    """Answers the page's own origin from memory, so that nothing of ours is in it."""
    for path, body, kind in (
        ("/", PAGE, "text/html"),
        ("/call.js", code, "text/javascript"),
        ("/livekit-client.mjs", LIBRARY.read_text(), "text/javascript"),
    ):
        await page.route(
            ORIGIN + path,
            lambda route, body=body, kind=kind: route.fulfill(content_type=kind, body=body),
        )


async def test_the_documented_code_talks(
    installation: Installation, playwright: Playwright
) -> None:
    code = DOCUMENTED.read_text()
    code = code.replace("https://api.callmissed.com", installation.base_url)
    code = code.replace("cm_your_api_key", installation.api_key)
    spoken: list[str] = []

    def keep(message: ConsoleMessage) -> None:
        if re.match("(You|Agent): .", message.text):
            spoken.append(message.text)

    flags = (FAKE_DEVICE, SAY_YES, "--autoplay-policy=no-user-gesture-required")
    async with (
        running_browser(playwright, *flags) as browser,
        Visitor(ORIGIN).window(browser) as page,
    ):
        await page.add_init_script("testSound.takeMicrophone()")
        await serve(page, code)
        page.on("console", keep)
        await page.goto("/")
        sound = PageSound(page)
        await sound.hear_out(0)
        asked = await sound.say(words_of(SATURDAY))
        await sound.hear_out(asked.until_s)

    assert [line.partition(":")[0] for line in spoken] == ["Agent", "You", "Agent"], spoken
    assert "saturday" in spoken[1].lower()
