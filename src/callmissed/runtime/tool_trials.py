"""Asks a tool outside of any call, for whoever sets it up."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import aiohttp

from callmissed.domain.tools import (
    RemoteTool,
    ToolCall,
    ToolOutcome,
    ToolResult,
    ToolTerms,
    ToolType,
)
from callmissed.providers.connections import Connections
from callmissed.providers.tools.answers import ToolFailedError
from callmissed.providers.tools.mcp import McpServer
from callmissed.runtime.tools import ToolRunner


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it, and what an MCP server has; None where it could not say."""

    result: ToolResult
    listed: Sequence[RemoteTool] | None = None


async def try_tool(
    connections: Connections, tool: ToolTerms, arguments: Mapping[str, Any], remote: str | None
) -> Trial:
    """Within the tool's time limit, twice that where a server is asked for its tools first."""
    if tool.type is ToolType.HTTP:
        return Trial(await _run(connections, tool, arguments))
    listed = await _list(connections, tool)
    if isinstance(listed, ToolResult):
        return Trial(listed)
    if remote is None:
        names = ", ".join(one.name for one in listed)
        return Trial(ToolResult(ToolOutcome.DONE, f"It has: {names}."), listed)
    found = next((one for one in listed if one.name == remote), None)
    if found is None:
        nothing = ToolResult(ToolOutcome.NOT_ALLOWED, "The server has no such tool.")
        return Trial(nothing, listed)
    own = replace(tool, name="remote", remote_name=remote, parameters=found.parameters)
    return Trial(await _run(connections, own, arguments), listed)


async def _run(
    connections: Connections, tool: ToolTerms, arguments: Mapping[str, Any]
) -> ToolResult:
    runner = ToolRunner(uuid4(), (tool,), connections.guarded_session, lambda _action: None)
    try:
        return await runner.run_tool(ToolCall(tool.name, json.dumps(dict(arguments))))
    finally:
        await runner.aclose()


async def _list(connections: Connections, tool: ToolTerms) -> list[RemoteTool] | ToolResult:
    server = McpServer(connections.guarded_session(), tool.url, tool.headers)
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(tool.time_limit_s):
            return await server.list_tools()
    except ToolFailedError as error:
        outcome, text = ToolOutcome.FAILED, str(error)
    except TimeoutError:
        outcome, text = ToolOutcome.LATE, "The server did not answer in time."
    except (aiohttp.ClientError, OSError, ValueError):
        outcome, text = ToolOutcome.FAILED, "The server cannot be reached."
    finally:
        await server.aclose()
    return ToolResult(outcome, text, (time.monotonic() - began_s) * 1000)
