"""What every answer wears, under both prefixes, for every method and origin."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request, Response

from callmissed.api.app import create_app
from tests.api.conftest import Installation, client_of

ORIGIN = {"Origin": "https://shop.example"}


async def test_both_prefixes_are_one_api(api: httpx2.AsyncClient) -> None:
    for path in ("/models?service=tts", "/bots", "/me", "/voice/sessions?limit=3"):
        short, long = await api.get(f"/v1{path}"), await api.get(f"/api/v1{path}")
        assert (short.status_code, short.json()) == (long.status_code, long.json())


async def test_a_request_keeps_its_id(api: httpx2.AsyncClient) -> None:
    kept = await api.get("/v1/me", headers={"X-Request-Id": "trace-7.a_B"})
    assert kept.headers["x-request-id"] == "trace-7.a_B"
    for odd in ("", "a b", "x" * 65, "a\tb", "<script>"):
        fresh = await api.get("/v1/me", headers={"X-Request-Id": odd})
        assert len(fresh.headers["x-request-id"]) == 32


@pytest.mark.parametrize("path", ["/v1/me", "/v1/nothing", "/", "/docs", "/health/live"])
async def test_every_answer_is_guarded(api: httpx2.AsyncClient, path: str) -> None:
    headers = (await api.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-request-id"]


async def test_answers_of_the_api_are_not_kept(api: httpx2.AsyncClient) -> None:
    for path in ("/v1/me", "/api/v1/me", "/v1/nothing", "/health/live"):
        assert (await api.get(path)).headers["cache-control"] == "no-store"


async def test_any_origin_may_call_without_credentials(api: httpx2.AsyncClient) -> None:
    asked = {
        **ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
    }
    preflight = await api.options("/v1/voice/sessions", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "idempotency-key" in preflight.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in preflight.headers
    for path in ("/v1/voice/sessions", "/v1/nothing"):
        answer = await api.get(path, headers=ORIGIN)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "X-Total-Count" in answer.headers["access-control-expose-headers"]
        assert "Retry-After" in answer.headers["access-control-expose-headers"]


async def test_options_names_the_methods(nobody: httpx2.AsyncClient) -> None:
    answer = await nobody.options("/api/v1/voice/sessions")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, POST, HEAD, OPTIONS")


async def test_head_is_get_without_a_body(api: httpx2.AsyncClient) -> None:
    for path in ("/v1/me", "/health/live", "/docs", "/", "/v1/nothing"):
        got, head = await api.get(path), await api.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-length"] == got.headers["content-length"]


async def test_a_crash_is_an_object_without_a_trace(
    installation: Installation, any_error: Any
) -> None:
    app = create_app(installation.house)

    async def crash() -> None:
        raise RuntimeError("the words of a caller")

    app.router.add_route("/crash", crash)
    async with client_of(app) as client:
        answer = await client.get("/crash", headers={"X-Request-Id": "crash-1"})
    any_error(answer, 500, "internal_error")
    assert "words of a caller" not in answer.text
    assert answer.headers["x-request-id"] == "crash-1"


async def test_a_client_that_goes_away_is_no_crash(app: FastAPI) -> None:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/auth/claim",
        "raw_path": b"/v1/auth/claim",
        "query_string": b"",
        "headers": [(b"host", b"api.test")],
        "client": ("127.0.0.1", 5),
        "server": ("api.test", 80),
        "scheme": "http",
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await asyncio.wait_for(app(scope, receive, send), timeout=5)
    assert sent == []


@pytest.fixture
def app(installation: Installation) -> FastAPI:
    return installation.app


async def test_the_document_in_the_repository_is_current(nobody: httpx2.AsyncClient) -> None:
    from scripts.reference import ROOT

    served = (await nobody.get("/openapi.json")).json()
    assert served == json.loads((ROOT / "web" / "openapi.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("origin", "counts"),
    [
        (None, True),
        ("http://api.test", True),
        ("http://API.test", True),
        ("http://shop.api.test", False),
        ("https://evil.example", False),
        ("http://api.test:8081", False),
        ("null", False),
        ("http://api.test@evil.example", False),
    ],
)
async def test_a_cookie_counts_on_our_own_pages_only(
    installation: Installation, origin: str | None, counts: bool
) -> None:
    """SameSite alone lets in the pages of neighbours under the same domain."""
    seen: list[str | None] = []

    async def look(request: Request) -> Response:
        seen.append(request.headers.get("cookie"))
        return Response()

    app = create_app(installation.house)
    app.router.add_route("/look", look)
    headers = {"Cookie": "cm_refresh=x"} | ({} if origin is None else {"Origin": origin})
    async with client_of(app) as client:
        await client.get("/look", headers=headers)
    assert seen == ["cm_refresh=x" if counts else None]


async def test_a_preflight_is_kept_for_a_day(nobody: httpx2.AsyncClient) -> None:
    asked = {**ORIGIN, "Access-Control-Request-Method": "POST"}
    preflight = await nobody.options("/v1/voice/sessions", headers=asked)
    assert preflight.headers["access-control-max-age"] == "86400"


async def test_https_is_kept_where_it_is_used(installation: Installation) -> None:
    house = installation.house
    settings = house.settings.model_copy(update={"public_url": "https://api.test"})
    for settled, kept in ((house.settings, False), (settings, True)):
        async with client_of(create_app(replace(house, settings=settled))) as client:
            answer = await client.get("/health/live")
        assert ("strict-transport-security" in answer.headers) is kept
