"""The documented browser code, with only address and key replaced, on a page of another origin."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.async_api import ConsoleMessage, Playwright

from tests.browser.browsers import FAKE_DEVICE, ROOT, SAY_YES, Visitor, running_browser
from tests.browser.sounds import PageSound, words_of
from tests.browser.test_first_call import SATURDAY
from tests.servers import Installation

DOCUMENTED = Path(__file__).with_name("documented.js")
LIBRARY = ROOT / "web" / "node_modules" / "livekit-client" / "dist" / "livekit-client.esm.mjs"
PAGE = """<!doctype html><meta charset="utf-8"><title>blank</title>
<script type="importmap">{"imports": {"livekit-client": "/livekit-client.mjs"}}</script>
<body><script type="module" src="/call.js"></script></body>"""


@contextmanager
def blank_page(code: str) -> Iterator[str]:
    """Serves a page with nothing of ours in it, on an origin of its own; yields its address."""
    files = {
        "/": ("text/html", PAGE.encode()),
        "/call.js": ("text/javascript", code.encode()),
        "/livekit-client.mjs": ("text/javascript", LIBRARY.read_bytes()),
    }

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = files.get(self.path, ("text/plain", b""))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


async def test_the_documented_code_talks(
    installation: Installation, playwright: Playwright
) -> None:
    assert installation.api_key
    code = DOCUMENTED.read_text()
    code = code.replace("https://api.callmissed.com", installation.base_url)
    code = code.replace("cm_your_api_key", installation.api_key)
    spoken: list[str] = []

    def keep(message: ConsoleMessage) -> None:
        if re.match("(You|Agent): .", message.text):
            spoken.append(message.text)

    flags = (FAKE_DEVICE, SAY_YES, "--autoplay-policy=no-user-gesture-required")
    with blank_page(code) as url:
        async with (
            running_browser(playwright, *flags) as browser,
            Visitor(url).window(browser) as page,
        ):
            await page.add_init_script("testSound.takeMicrophone()")
            page.on("console", keep)
            await page.goto("/")
            sound = PageSound(page)
            await sound.hear_out(0)
            asked = await sound.say(words_of(SATURDAY))
            await sound.hear_out(asked.until_s)

    assert [line.partition(":")[0] for line in spoken] == ["Agent", "You", "Agent"], spoken
    assert "saturday" in spoken[1].lower()
