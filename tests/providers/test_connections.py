"""What all sessions of a process share on their way to the providers."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from callmissed.providers import Warm
from callmissed.providers.connections import Connections


@pytest_asyncio.fixture
async def connections() -> AsyncIterator[Connections]:
    shared = Connections()
    yield shared
    await shared.aclose()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[TestServer]:
    async def hold(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        return socket

    async def greet(request: web.Request) -> web.Response:
        answer = web.Response(text=request.headers.get("Cookie", ""))
        answer.set_cookie("seen", "yes")
        return answer

    async def tell_port(request: web.Request) -> web.Response:
        assert request.transport is not None
        return web.Response(text=str(request.transport.get_extra_info("peername")[1]))

    app = web.Application()
    app.router.add_get("/port", tell_port)
    app.router.add_get("/ws", hold)
    app.router.add_get("/", greet)
    async with TestServer(app) as running:
        yield running


async def test_the_51st_simultaneous_session_to_one_host_connects(
    connections: Connections, server: TestServer
) -> None:
    session = connections.session()
    url = server.make_url("/ws")
    async with asyncio.timeout(10):
        sockets = await asyncio.gather(*(session.ws_connect(url) for _ in range(120)))
        answer = await session.get(server.make_url("/"))
    assert answer.status == 200
    assert all(not socket.closed for socket in sockets)
    await asyncio.gather(*(socket.close() for socket in sockets))


async def test_one_pool_serves_all(connections: Connections) -> None:
    assert connections.session() is connections.session()
    assert connections.guarded_session() is connections.guarded_session()
    assert connections.session() is not connections.guarded_session()


async def test_a_connection_is_used_again(connections: Connections, server: TestServer) -> None:
    ports = set()
    for _ in range(3):
        async with connections.session().get(server.make_url("/port")) as answer:
            ports.add(await answer.text())
    assert len(ports) == 1


async def test_what_a_provider_sets_for_one_tenant_no_other_sends_back(
    connections: Connections, server: TestServer
) -> None:
    for _ in range(2):
        async with connections.session().get(server.make_url("/")) as answer:
            assert await answer.text() == ""


async def test_a_proxy_of_the_environment_is_not_used(
    connections: Connections, server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with connections.session().get(server.make_url("/")) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254"])
async def test_a_customers_url_reaches_nothing_inside(
    connections: Connections, server: TestServer, host: str
) -> None:
    with pytest.raises(aiohttp.ClientConnectorError):
        await connections.guarded_session().get(f"http://{host}:{server.port}/")


async def test_what_the_operator_allows_is_reached(server: TestServer) -> None:
    shared = Connections(allowed=[ip_network("127.0.0.0/8")])
    async with shared.guarded_session().get(server.make_url("/")) as answer:
        assert answer.status == 200
    await shared.aclose()


async def test_closing_leaves_no_connection(server: TestServer) -> None:
    warm = Warm()
    session = warm.connections.session()
    async with session.get(server.make_url("/")) as answer:
        await answer.read()
    await warm.aclose()
    assert session.closed
