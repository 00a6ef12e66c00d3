"""A key is verified against what the provider says without it."""

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from callmissed.domain.models import Access, Provider
from callmissed.providers.connections import Connections
from callmissed.providers.verifying import Verdict, verify_key

Answer = Callable[[web.Request], Awaitable[web.Response]]


def answer(to_key: int, to_nobody: int = 401) -> Answer:
    async def respond(request: web.Request) -> web.Response:
        is_known = request.headers.get("Authorization") == "Bearer good"
        return web.json_response({}, status=to_key if is_known else to_nobody)

    return respond


@asynccontextmanager
async def asked(models: Answer, chat: Answer, **fields: Any) -> Any:
    app = web.Application()
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/chat/completions", chat)
    async with TestServer(app) as server:
        url = str(server.make_url("/v1"))

        async def verify(key: str) -> Verdict:
            connections = Connections()
            try:
                access = Access(Provider("test", "openai", base_url=url, **fields), key)
                return await verify_key(connections.session(), access)
            finally:
                await connections.aclose()

        yield verify


PUBLIC = answer(200, 200)
NO_LIST = answer(404, 404)
CHAT = answer(400)


@pytest.mark.parametrize(
    ("models", "chat", "verdict"),
    [
        (answer(200), CHAT, Verdict.ACCEPTED),
        (answer(200, 403), CHAT, Verdict.ACCEPTED),
        (PUBLIC, CHAT, Verdict.ACCEPTED),
        (NO_LIST, answer(422, 403), Verdict.ACCEPTED),
        (PUBLIC, answer(400, 400), Verdict.UNCLEAR),
        (answer(429), CHAT, Verdict.LIMITED),
        (PUBLIC, answer(402), Verdict.LIMITED),
        (answer(503), CHAT, Verdict.UNREACHABLE),
        (PUBLIC, answer(500), Verdict.UNREACHABLE),
    ],
)
async def test_a_good_key_is_told_from_an_open_door(
    models: Answer, chat: Answer, verdict: Verdict
) -> None:
    async with asked(models, chat) as verify:
        assert await verify("good") is verdict


@pytest.mark.parametrize("models", [answer(200), PUBLIC, NO_LIST])
async def test_a_bad_key_is_refused(models: Answer) -> None:
    async with asked(models, CHAT) as verify:
        assert await verify("other") is Verdict.REFUSED


async def test_a_server_without_keys_has_only_to_answer() -> None:
    async with asked(PUBLIC, CHAT, needs_key=False) as verify:
        assert await verify("") is Verdict.ACCEPTED


@pytest.mark.parametrize("key", ["good", "two\r\nlines"])
async def test_a_provider_that_cannot_be_asked_is_unreachable(key: str) -> None:
    async with aiohttp.ClientSession() as session:
        access = Access(Provider("test", "openai", base_url="http://127.0.0.1:1/v1"), key)
        assert await verify_key(session, access) is Verdict.UNREACHABLE
