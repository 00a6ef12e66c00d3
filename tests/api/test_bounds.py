"""No request holds anything for long: slow headers, slow bodies, slow work, far too much of all."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from starlette.responses import StreamingResponse

from callmissed.api import bounds, connections
from callmissed.api.app import create_app
from callmissed.api.connections import BoundedProtocol
from callmissed.runtime.embedded.ports import free_ports
from tests.api.conftest import Installation, client_of

SOON_S = 0.2
PATIENCE_S = 30.0
CLAIM = b"POST /v1/auth/claim HTTP/1.1\r\nHost: api.test\r\n"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADERS_WITHIN_S", SOON_S)
    soon = bounds.Bounds(body_within_s=SOON_S, answer_within_s=5 * SOON_S)
    monkeypatch.setattr(bounds, "USUAL", soon)


@pytest.fixture
async def port(installation: Installation, impatient: None) -> AsyncIterator[int]:
    """The application behind the API's own protocol, on a real socket."""
    (port,) = free_ports("127.0.0.1", 1)
    with socket.create_server(("127.0.0.1", port)) as listening:
        config = uvicorn.Config(
            installation.app, http=BoundedProtocol, ws="none", lifespan="off", log_config=None
        )
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve(sockets=[listening]))
        yield port
        server.should_exit = True
        await serving


async def ask(port: int, *parts: bytes) -> bytes:
    """Sends the parts and returns all that comes back until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()
    return answer


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [b"GET /v1/me"],
        [b"GET /v1/me HTTP/1.1\r\nHost: api.test\r\n"],
        [b"GET /health/live HTTP/1.1\r\nHost: api.test\r\n\r\nGET /v1"],
    ],
    ids=["nothing", "half a line", "no end of headers", "a second request"],
)
async def test_headers_that_do_not_come_are_not_waited_for(port: int, parts: list[bytes]) -> None:
    answer = await ask(port, *parts)
    assert answer.count(b"HTTP/1.1 200") == (1 if b"live" in b"".join(parts) else 0)


@pytest.mark.parametrize(
    "parts",
    [
        [b"Content-Length: 50\r\n\r\n", b'{"link'],
        [b"Transfer-Encoding: chunked\r\n\r\n", b'6\r\n{"link\r\n'],
        [b"Content-Length: 1\r\n\r\n"],
    ],
    ids=["cut off", "chunked", "nothing"],
)
async def test_a_body_that_does_not_come_is_408(port: int, parts: list[bytes]) -> None:
    answer = await ask(port, CLAIM, *parts)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"code":"request_timeout"' in answer
    assert b"connection: close" in answer.lower()


async def test_a_body_that_nobody_reads_is_not_waited_for(port: int) -> None:
    answer = await ask(
        port, CLAIM.replace(b"claim", b"nothing"), b"Content-Length: 9\r\n\r\n", b"x"
    )
    assert answer.startswith(b"HTTP/1.1 404")


async def test_a_chunked_body_is_bounded(port: int) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    answer = await ask(port, CLAIM, b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 16)
    assert answer.startswith(b"HTTP/1.1 413")


async def test_headers_are_bounded(port: int) -> None:
    many = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1000) for number in range(100))
    answer = await ask(port, b"GET /v1/me HTTP/1.1\r\nHost: api.test\r\n", many, b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400")


async def test_work_that_does_not_end_is_given_up(
    installation: Installation, impatient: None, any_error: Any
) -> None:
    app = create_app(installation.house)

    async def hang(_: Any) -> None:
        await asyncio.get_running_loop().create_future()

    app.router.add_route("/hang", hang)
    async with client_of(app) as client:
        answer = await client.get("/hang")
    any_error(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_an_answer_that_streams_may_take_its_time(
    installation: Installation, impatient: None
) -> None:
    app = create_app(installation.house)
    app.router.add_route("/stream", _stream)
    async with client_of(app) as client:
        assert (await client.get("/stream")).text == "begin end"


async def _stream(_: Any) -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        yield "begin "
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=8 * SOON_S)
        yield "end"

    return StreamingResponse(parts())
