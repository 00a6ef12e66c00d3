"""The web app's files, its one page for every other address, and nothing from beside it."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from callmissed.api.app import create_app
from callmissed.api.web import web_app
from tests.api.conftest import Installation, client_of

SCRIPT = "document.title = 'hello'"
PAGE = (
    f"<!doctype html><title>x</title><script>{SCRIPT}</script><script src='/assets/a.js'></script>"
)


@pytest.fixture
def dist(data_dir: Path) -> Path:
    folder = data_dir / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / ".vite").mkdir()
    (folder / "index.html").write_text(PAGE)
    (folder / "assets" / "a-1f2e.js").write_text("let a = 1;" * 500)
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / ".vite" / "manifest.json").write_text("{}")
    (data_dir / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(data_dir / "secret.txt")
    return folder


@pytest_asyncio.fixture
async def browser(installation: Installation, dist: Path) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(installation.house)
    app.router.default = web_app(lambda: dist)
    async with client_of(app) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/index.html", "/playground", "/claim", "/sessions/7?x=1"])
async def test_every_other_address_is_the_page(browser: httpx2.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


async def test_the_page_runs_its_own_scripts_only(browser: httpx2.AsyncClient) -> None:
    policy = (await browser.get("/playground")).headers["content-security-policy"]
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["script-src"] == f"'self' 'sha256-{digest}'"
    assert rules["frame-ancestors"] == "'none'"
    assert {"ws:", "wss:", "https:"} <= set(rules["connect-src"].split())


async def test_assets_are_kept_for_ever(browser: httpx2.AsyncClient) -> None:
    script = await browser.get("/assets/a-1f2e.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-encoding"] == "gzip"
    icon = await browser.get("/favicon.svg")
    assert icon.headers["content-type"] == "image/svg+xml"
    assert icon.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/gone.js",
        "/v1/gone",
        "/api/gone",
        "/docs/gone",
        "/ws/voice-agent",
        "/health",
    ],
)
async def test_what_is_not_a_page_is_404(
    browser: httpx2.AsyncClient, any_error: Any, path: str
) -> None:
    any_error(await browser.get(path), 404, "not_found")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/link.txt",
        "/.vite/manifest.json",
        "//etc/passwd",
        "/%00",
        "/" + "x" * 5000,
    ],
)
async def test_nothing_beside_the_app_is_served(browser: httpx2.AsyncClient, path: str) -> None:
    answer = await browser.get(f"http://api.test{path}")
    assert (answer.status_code, answer.text) == (200, PAGE)


async def test_only_get_reads_pages(browser: httpx2.AsyncClient, any_error: Any) -> None:
    any_error(await browser.post("/playground"), 404, "not_found")


async def test_without_a_build_the_page_says_what_to_do(installation: Installation) -> None:
    app = create_app(installation.house)
    app.router.default = web_app(lambda: None)
    async with client_of(app) as client:
        answer = await client.get("/playground")
    assert answer.status_code == 200
    assert "make web" in answer.text
