"""MCP servers over streamable HTTP (modelcontextprotocol.io, revision 2025-06-18): their tools."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import aiohttp

from callmissed.domain.tools import RemoteTool
from callmissed.providers.tools.answers import (
    MAX_ANSWER_BYTES,
    MAX_TOLD_OF_FAILURE_CHARS,
    ToolFailedError,
    read_bounded,
    read_json,
    shorten,
)

REVISION = "2025-06-18"
SESSION_HEADER = "Mcp-Session-Id"
MAX_PAGES = 10
MAX_LISTED = 128
GONE = 404


class McpServer:
    """One conversation with a server; begins with the first question, ends with `aclose`.

    Never listens for what the server says of its own accord, and offers it nothing: it is asked for
    its tools, and to run one.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str, headers: Mapping[str, str]
    ) -> None:
        self._session = session
        self._url = url
        self._headers = dict(headers)
        self._session_id: str | None = None
        self._is_open = False
        self._asked = 0

    async def list_tools(self) -> list[RemoteTool]:
        """At most `MAX_LISTED`. Raises ToolFailedError, aiohttp.ClientError, OSError."""
        found: list[RemoteTool] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await self._ask("tools/list", {} if cursor is None else {"cursor": cursor})
            listed = page.get("tools")
            found += [_remote(one) for one in listed or () if _is_tool(one)]
            cursor = page.get("nextCursor")
            if not isinstance(cursor, str) or len(found) >= MAX_LISTED:
                break
        return found[:MAX_LISTED]

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """What the model is told. Raises ToolFailedError, aiohttp.ClientError, OSError."""
        answer = await self._ask("tools/call", {"name": name, "arguments": dict(arguments)})
        content = answer.get("content")
        texts = [
            one["text"]
            for one in (content if isinstance(content, list) else ())
            if isinstance(one, dict) and isinstance(one.get("text"), str)
        ]
        text = "\n".join(texts)
        if not text and "structuredContent" in answer:
            text = json.dumps(answer["structuredContent"], ensure_ascii=False)
        if answer.get("isError"):
            raise ToolFailedError(shorten(text, MAX_TOLD_OF_FAILURE_CHARS) or "The tool failed.")
        return shorten(text) or "Done."

    async def aclose(self) -> None:
        """The server may forget the conversation."""
        if self._session_id is None:
            return
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            timeout = aiohttp.ClientTimeout(total=1.0)
            await self._session.delete(self._url, headers=self._all_headers(), timeout=timeout)
        self._session_id, self._is_open = None, False

    async def _ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """A conversation that the server has forgotten is begun again, once."""
        if not self._is_open:
            await self._begin()
            return await self._exchange(method, params)
        try:
            return await self._exchange(method, params)
        except _ForgottenError:
            await self._begin()
            return await self._exchange(method, params)

    async def _begin(self) -> None:
        self._session_id = None
        hello = {
            "protocolVersion": REVISION,
            "capabilities": {},
            "clientInfo": {"name": "callmissed", "version": "1"},
        }
        await self._exchange("initialize", hello)
        await self._send({"jsonrpc": "2.0", "method": "notifications/initialized"}, None)
        self._is_open = True

    async def _exchange(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self._asked += 1
        message = {"jsonrpc": "2.0", "id": self._asked, "method": method, "params": params}
        answer = await self._send(message, self._asked)
        if isinstance(answer.get("error"), dict):
            told = str(answer["error"].get("message", ""))
            raise ToolFailedError(f"The server refused: {shorten(told, MAX_TOLD_OF_FAILURE_CHARS)}")
        result = answer.get("result")
        if not isinstance(result, dict):
            raise ToolFailedError("The server's answer is not one of MCP.")
        return result

    async def _send(self, message: Mapping[str, Any], wanted_id: int | None) -> dict[str, Any]:
        async with self._session.post(
            self._url, json=message, headers=self._all_headers(), allow_redirects=False
        ) as response:
            if response.status == GONE and self._session_id is not None:
                raise _ForgottenError("The server has forgotten this conversation.")
            if response.status >= 300:
                raise ToolFailedError(f"The server answered {response.status}.")
            self._session_id = response.headers.get(SESSION_HEADER, self._session_id)
            if wanted_id is None:
                return {}
            if response.content_type == "text/event-stream":
                return await _read_stream(response, wanted_id)
            found = read_json(await read_bounded(response))
            return found if isinstance(found, dict) else {}

    def _all_headers(self) -> dict[str, str]:
        own = {
            "Accept": "application/json, text/event-stream",
            "Accept-Encoding": "identity",
            "MCP-Protocol-Version": REVISION,
        }
        if self._session_id is not None:
            own[SESSION_HEADER] = self._session_id
        return {**self._headers, **own}


class _ForgottenError(ToolFailedError):
    """The session id means nothing to the server any more."""


async def _read_stream(response: aiohttp.ClientResponse, wanted_id: int) -> dict[str, Any]:
    """The message that answers `wanted_id`; what else the server says is passed over."""
    buffered = b""
    read_bytes = 0
    async for part in response.content.iter_any():
        read_bytes += len(part)
        if read_bytes > MAX_ANSWER_BYTES:
            raise ToolFailedError("The server's answer is too long.")
        *events, buffered = (buffered + part).replace(b"\r\n", b"\n").split(b"\n\n")
        for event in events:
            found = _read_event(event)
            if found is not None and found.get("id") == wanted_id:
                return found
    raise ToolFailedError("The server hung up before it answered.")


def _read_event(event: bytes) -> dict[str, Any] | None:
    lines = [line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:")]
    data = b"\n".join(lines)
    found = read_json(data) if data else None
    return found if isinstance(found, dict) else None


def _is_tool(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and isinstance(found.get("name"), str)
        and 0 < len(found["name"]) <= 128
        and isinstance(found.get("inputSchema"), dict)
    )


def _remote(found: Mapping[str, Any]) -> RemoteTool:
    described = found.get("description")
    description = described if isinstance(described, str) else ""
    hints = found.get("annotations")
    reads_only = isinstance(hints, dict) and hints.get("readOnlyHint") is True
    return RemoteTool(found["name"], shorten(description, 1000), found["inputSchema"], reads_only)
