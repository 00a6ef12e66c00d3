"""A request as a server hands it to the application, byte by byte, without a client between."""

import asyncio
import time
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI

HANGS_AFTER_S = 5.0

Message = MutableMapping[str, Any]


@dataclass(slots=True)
class RawRequest:
    """`target` is the path as it stands on the wire; the body comes in `pieces`, and where
    `leaves` the sender is gone before the last one.
    """

    method: str
    target: bytes
    query: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    pieces: Sequence[bytes] = (b"",)
    leaves: bool = False
    address: str = "2001:db8::1"


@dataclass(slots=True)
class RawAnswer:
    """`status` is None where nothing was answered, which is right for a sender that left."""

    status: int | None
    headers: list[tuple[bytes, bytes]]
    body: bytes
    took_s: float


def address_number(number: int) -> str:
    """One of many senders, each in a network of its own."""
    return f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"


async def send_raw(app: FastAPI, request: RawRequest) -> RawAnswer:
    """Raises TimeoutError for a request that hangs, and what the application lets through."""
    incoming = _messages_of(request)
    answer = RawAnswer(None, [], b"", 0.0)

    async def receive() -> Message:
        if incoming:
            return incoming.pop(0)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert answer.status is None, "two answers"
            answer.status, answer.headers = message["status"], list(message["headers"])
        else:
            answer.body += message.get("body", b"")

    # What is refused at once never waits, and would keep the others waiting.
    await asyncio.sleep(0)
    started_s = time.monotonic()
    async with asyncio.timeout(HANGS_AFTER_S):
        await app(_scope_of(request), receive, send)
    answer.took_s = time.monotonic() - started_s
    return answer


def _messages_of(request: RawRequest) -> list[Message]:
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in request.pieces
    ]
    if request.leaves:
        return [*messages[:-1], {"type": "http.disconnect"}]
    messages[-1]["more_body"] = False
    return messages


def _scope_of(request: RawRequest) -> dict[str, Any]:
    """As uvicorn makes it."""
    path = request.target.decode("ascii")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("api.test", 80),
        "client": (request.address, 50_000),
        "scheme": "http",
        "method": request.method,
        "root_path": "",
        "path": unquote(path) if "%" in path else path,
        "raw_path": request.target,
        "query_string": request.query,
        "headers": [(name.lower(), value) for name, value in request.headers],
        "state": {},
    }
