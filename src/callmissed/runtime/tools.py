"""Runs the tools of one call: what may run is decided here, whatever a model asks for."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from uuid import UUID, uuid5

import aiohttp

from callmissed.domain.details import take_details
from callmissed.domain.tools import (
    MAX_ARGUMENTS_BYTES,
    MAX_CALLS_OF_SESSION,
    Action,
    ActionKind,
    ToolCall,
    ToolOutcome,
    ToolResult,
    ToolTerms,
    ToolType,
)
from callmissed.kit.bounded_json import (
    MalformedJsonError,
    UnholdableJsonError,
    canonical_json,
    parse_json,
)
from callmissed.kit.json_schema import find_fault
from callmissed.providers.tools.answers import ToolFailedError
from callmissed.providers.tools.http import call_http
from callmissed.providers.tools.mcp import McpServer

NO_SUCH_TOOL = "There is no such tool."
LAST_CHANGES_S = 3.0


class Tools(Protocol):
    """What runs tools, or refuses to."""

    async def run_tool(self, call: ToolCall) -> ToolResult: ...


class NoTools:
    """For a session that has none."""

    async def run_tool(self, call: ToolCall) -> ToolResult:
        """Always a refusal."""
        return ToolResult(ToolOutcome.NOT_ALLOWED, NO_SUCH_TOOL)


class ToolRunner:
    """The tools that one session may use, with its rights and no others.

    `open_session` gives guarded connections; `tell` takes what others are asked to do and must not
    wait. A tool that changes things runs once for the same arguments in a session, to its end even
    where nobody waits for it any more.
    """

    def __init__(
        self,
        session_id: UUID,
        tools: Sequence[ToolTerms],
        open_session: Callable[[], aiohttp.ClientSession],
        tell: Callable[[Action], None],
    ) -> None:
        self._session_id = session_id
        self._tools = {tool.name: tool for tool in tools}
        self._open_session = open_session
        self._tell = tell
        self._servers: dict[str, McpServer] = {}
        self._changes: dict[str, asyncio.Task[ToolResult]] = {}
        self._details: dict[str, str] = {}
        self._calls = 0

    async def run_tool(self, call: ToolCall) -> ToolResult:
        """Never raises; a tool that is not the session's, or is asked wrongly, is told so."""
        began_s = time.monotonic()
        result = await self._judge(call)
        return ToolResult(
            result.outcome, result.text, (time.monotonic() - began_s) * 1000, result.ends_call
        )

    async def aclose(self) -> None:
        """What is under way is waited for, for `LAST_CHANGES_S` at most."""
        if under_way := [task for task in self._changes.values() if not task.done()]:
            _, late = await asyncio.wait(under_way, timeout=LAST_CHANGES_S)
            for task in late:
                task.cancel()
        for server in self._servers.values():
            await server.aclose()

    async def _judge(self, call: ToolCall) -> ToolResult:
        tool = self._tools.get(call.name)
        if tool is None:
            return ToolResult(ToolOutcome.NOT_ALLOWED, NO_SUCH_TOOL)
        self._calls += 1
        if self._calls > MAX_CALLS_OF_SESSION:
            return ToolResult(ToolOutcome.TOO_MANY, "No more tools can be used in this call.")
        try:
            arguments = _read_arguments(call.arguments)
        except ValueError as error:
            return ToolResult(ToolOutcome.BAD_ARGUMENTS, str(error))
        if fault := find_fault(tool.parameters, arguments):
            return ToolResult(ToolOutcome.BAD_ARGUMENTS, f"The arguments do not fit. {fault}")
        if tool.type in (ToolType.HTTP, ToolType.MCP):
            return await self._ask_outside(tool, arguments)
        return self._do_own(tool, arguments)

    async def _ask_outside(self, tool: ToolTerms, arguments: dict[str, Any]) -> ToolResult:
        if not tool.changes_things:
            return await self._within_limit(tool, arguments, None)
        key = str(uuid5(self._session_id, f"{tool.name} {canonical_json(arguments).decode()}"))
        task = self._changes.get(key)
        if task is None or (task.done() and _may_try_again(task)):
            task = asyncio.create_task(self._within_limit(tool, arguments, key))
            self._changes[key] = task
        return await asyncio.shield(task)

    async def _within_limit(
        self, tool: ToolTerms, arguments: dict[str, Any], key: str | None
    ) -> ToolResult:
        try:
            async with asyncio.timeout(tool.time_limit_s):
                if tool.type is ToolType.MCP:
                    text = await self._server_of(tool).call(tool.remote_name, arguments)
                else:
                    text = await call_http(self._open_session(), tool, arguments, key)
        except ToolFailedError as error:
            return ToolResult(ToolOutcome.FAILED, str(error))
        except TimeoutError:
            return ToolResult(ToolOutcome.LATE, "The tool did not answer in time.")
        except (aiohttp.ClientError, OSError, ValueError):
            return ToolResult(ToolOutcome.FAILED, "The tool cannot be reached.")
        return ToolResult(ToolOutcome.DONE, text)

    def _server_of(self, tool: ToolTerms) -> McpServer:
        server = self._servers.get(tool.url)
        if server is None:
            server = McpServer(self._open_session(), tool.url, tool.headers)
            self._servers[tool.url] = server
        return server

    def _do_own(self, tool: ToolTerms, arguments: dict[str, Any]) -> ToolResult:
        match tool.type:
            case ToolType.END_CALL:
                text = "The call ends behind your next words: say goodbye."
                return ToolResult(ToolOutcome.DONE, text, ends_call=True)
            case ToolType.TRANSFER_TO_HUMAN:
                self._tell(Action(ActionKind.HAND_OFF, {**arguments, "details": self._details}))
                text = "A person was asked for. Tell the caller, and stay with them until then."
                return ToolResult(ToolOutcome.DONE, text)
            case ToolType.SEND_FOLLOWUP:
                return self._ask_for_followup(arguments)
            case _:
                return self._take_details(tool, arguments)

    def _ask_for_followup(self, arguments: dict[str, Any]) -> ToolResult:
        self._tell(Action(ActionKind.FOLLOW_UP, arguments))
        return ToolResult(ToolOutcome.DONE, "It will be sent after the call.")

    def _take_details(self, tool: ToolTerms, arguments: dict[str, Any]) -> ToolResult:
        taken = take_details(tool.slots, self._details, arguments)
        if taken.accepted:
            self._details = {**self._details, **taken.accepted}
            self._tell(Action(ActionKind.DETAILS, {"details": self._details}))
        told = {"noted": taken.accepted, "refused": taken.refused, "missing": taken.missing}
        return ToolResult(ToolOutcome.DONE, json.dumps(told, ensure_ascii=False))


def _read_arguments(text: str) -> dict[str, Any]:
    """Raises ValueError with what to tell the model."""
    if (
        len(text) > MAX_ARGUMENTS_BYTES
        or len(text.encode("utf-8", "replace")) > MAX_ARGUMENTS_BYTES
    ):
        raise ValueError("The arguments are too long.")
    if not text.strip():
        return {}
    try:
        value = parse_json(text.encode("utf-8", "surrogatepass"))
    except (MalformedJsonError, UnholdableJsonError):
        raise ValueError("The arguments are not JSON that can be used.") from None
    if not isinstance(value, dict):
        raise ValueError("The arguments are not a JSON object.")
    return value


def _may_try_again(task: asyncio.Task[ToolResult]) -> bool:
    """What was done is not done again; what failed may be, under the same key."""
    return task.cancelled() or task.result().outcome is not ToolOutcome.DONE
