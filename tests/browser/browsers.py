"""A headless Chromium as a caller's browser, and a signed-in window of it."""

import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, Playwright

from tests.browser.sounds import SCRIPT

ROOT = Path(__file__).parents[2]
LAUNCH_TIMEOUT_S = 60
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--disable-dev-shm-usage",
)
# What Chromium itself says of requests that were refused, and of plain http.
NETWORK = ("Failed to load resource", "WebSocket connection to", "The Cross-Origin-Opener-Policy")
FAKE_DEVICE = "--use-fake-device-for-media-stream"
SAY_YES = "--use-fake-ui-for-media-stream"


def browser_program() -> str:
    """The browser that `scripts/browser` finds; TEST_BROWSER names one."""
    named = os.environ.get("TEST_BROWSER")
    if named:
        return named
    found = subprocess.run(
        [ROOT / "scripts" / "browser"], capture_output=True, text=True, check=True, timeout=600
    )
    return found.stdout.strip()


@asynccontextmanager
async def running_browser(playwright: Playwright, *flags: str) -> AsyncIterator[Browser]:
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    browser = await playwright.chromium.launch(
        executable_path=browser_program(),
        headless=True,
        args=[*QUIET, *as_root, *flags],
        timeout=LAUNCH_TIMEOUT_S * 1000,
    )
    try:
        yield browser
    finally:
        await browser.close()


@dataclass(slots=True)
class Visitor:
    """Somebody with one cookie jar in whichever browser; what pages complain about is kept."""

    base_url: str
    cookies: list[Any] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def window(self, browser: Browser, **options: Any) -> AsyncIterator[Page]:
        """A page with ears, in a context of its own that keeps the sign-in for the next."""
        context = await browser.new_context(base_url=self.base_url, **options)
        try:
            await context.add_init_script(path=SCRIPT)
            await context.add_cookies(self.cookies)
            page = await context.new_page()
            page.on("console", lambda message: self._note(message))
            page.on("pageerror", lambda error: self.complaints.append(str(error)))
            yield page
        finally:
            self.cookies = list(await context.cookies())
            await context.close()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(NETWORK):
            self.complaints.append(message.text)
