"""A loopback server that answers each chat request with bytes that a test wrote, as it wrote them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
UNBOUNDED_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(slots=True)
class Request:
    """What came, and the wire to answer on."""

    path: str
    headers: dict[str, str]
    body: Any
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def send_events(self, *events: object) -> None:
        for event in events:
            await self.send(in_chunk(as_event(event)))

    async def client_leaves(self) -> None:
        """Returns when the client has closed the connection."""
        try:
            while await self.reader.read(1024):
                pass
        except ConnectionError:
            pass


Script = Callable[[Request], Awaitable[None]]


@dataclass(slots=True)
class ChatServer:
    """`scripts` answer one request each, in their order; the last one answers all that follow."""

    scripts: list[Script]
    url: str = ""
    connections: int = 0
    requests: list[Request] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await _read_head(reader):
                await self._answer(head, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.answered.set()

    async def _answer(
        self, head: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        headers = dict(line.lower().split(": ", 1) for line in head[1:])
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Request(head[0].split()[1], headers, json.loads(body or b"null"), reader, writer)
        self.requests.append(request)
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        await script(request)


@asynccontextmanager
async def running_server(*scripts: Script) -> AsyncIterator[ChatServer]:
    chat = ChatServer(list(scripts))
    server = await asyncio.start_server(chat.serve, "127.0.0.1", 0)
    chat.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield chat
    finally:
        server.close()


def in_chunk(data: bytes) -> bytes:
    """One piece of a chunked body (RFC 9112, section 7.1)."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def as_event(event: object) -> bytes:
    text = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
    return f"data: {text}\n\n".encode()


def chunk(content: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "gen-1", "model": "served/model", "choices": [choice], **more}


def usage(taken: int, given: int, cached: int = 0) -> dict[str, Any]:
    counts = {
        "prompt_tokens": taken,
        "completion_tokens": given,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
    return {"id": "gen-1", "model": "served/model", "choices": [], "usage": counts}


def answering(*contents: str) -> Script:
    """A whole answer, told its usage."""

    async def answer(request: Request) -> None:
        events = [*map(chunk, contents), chunk(finish="stop"), usage(12, len(contents), 5)]
        await request.send(STREAM_HEAD)
        await request.send_events(*events, "[DONE]")
        await request.send(LAST_CHUNK)

    return answer


def refusing(status: int, body: object, **headers: str) -> Script:
    async def refuse(request: Request) -> None:
        data = json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} No", "Content-Type: application/json"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(data)}", "", ""]
        await request.send("\r\n".join(lines).encode() + data)

    return refuse


async def _read_head(reader: asyncio.StreamReader) -> list[str]:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return []
    return head.decode().strip().split("\r\n")
