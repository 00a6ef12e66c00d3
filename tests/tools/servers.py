"""Servers that tools lead to: plain HTTP ones that are told what to answer, a real MCP server."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from aiohttp import web
from mcp.server.mcpserver import MCPServer

from callmissed.runtime.embedded.ports import free_ports

Answer = Callable[[web.Request], Any]


@dataclass
class ToolServer:
    """`seen` are the requests as (method, path with query, headers, body)."""

    port: int
    seen: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        read = json.loads(body) if body else None
        self.seen.append((request.method, request.raw_path, dict(request.headers), read))
        found = self.answers.get(request.path, {"ok": True})
        if callable(found):
            found = await found(request)
        if isinstance(found, web.StreamResponse):
            return found
        return web.json_response(found)


@asynccontextmanager
async def tool_server() -> AsyncIterator[ToolServer]:
    (port,) = free_ports("127.0.0.1", 1)
    server = ToolServer(port)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.answer)
    # A request that hangs on purpose is not waited for.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def mcp_server() -> AsyncIterator[str]:
    """Its URL. It has `stock_of(item)`, which reads, and `broken()`, which fails."""
    server = MCPServer("shop")

    @server.tool()
    def stock_of(item: str) -> str:
        """How many of an item there are."""
        return f"{len(item)} of {item}"

    @server.tool()
    def broken() -> str:
        """Fails."""
        raise RuntimeError("inside")

    (port,) = free_ports("127.0.0.1", 1)
    app = server.streamable_http_app()
    config = uvicorn.Config(app, port=port, log_config=None, lifespan="on")
    serving = uvicorn.Server(config)
    task = asyncio.create_task(serving.serve())
    while not serving.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        serving.should_exit = True
        await task
