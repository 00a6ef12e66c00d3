"""A speech socket that answers exactly as a test says, message by message."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from callmissed.dev.tones import encode
from callmissed.kit.wav import write_wav

RATE_HZ = 24_000
FINAL = json.dumps({"type": "event", "data": {"event_type": "final"}})


class Cut(Exception):  # noqa: N818
    """The connection ends below the protocol, here."""


class Mute(Exception):  # noqa: N818
    """Nothing comes any more."""


def audio(data: bytes) -> str:
    encoded = base64.b64encode(data).decode()
    return json.dumps({"type": "audio", "data": {"content_type": "audio/wav", "audio": encoded}})


def error(**data: Any) -> str:
    return json.dumps({"type": "error", "data": data})


@dataclass(eq=False)
class Talk:
    """One socket: what came over it, and whether it is over."""

    query: dict[str, str]
    key: str
    socket: web.WebSocketResponse
    messages: list[dict[str, Any]] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages]


Answer = Callable[[str, Talk], Iterable[str | int]]
"""A piece's text to the messages of its answer; a number closes the socket with that code."""


@dataclass(eq=False)
class SpeechServer:
    """`url` is the base URL; `answer` may be changed at any time."""

    answer: Answer
    url: str = ""
    talks: list[Talk] = field(default_factory=list)
    opened: asyncio.Condition = field(default_factory=asyncio.Condition)
    pinged: asyncio.Event = field(default_factory=asyncio.Event)

    async def has_opened(self, count: int) -> None:
        """Waits for that many sockets, each configured."""
        async with asyncio.timeout(5), self.opened:
            await self.opened.wait_for(
                lambda: sum("config" in talk.kinds for talk in self.talks) >= count
            )

    async def serve(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(timeout=0.1)
        await socket.prepare(request)
        key = request.headers.get("api-subscription-key", "")
        talk = Talk(dict(request.query), key, socket)
        self.talks.append(talk)
        try:
            await self._talk(talk)
        except Cut:
            assert request.transport is not None
            request.transport.close()
        except ConnectionResetError:
            pass
        finally:
            talk.over.set()
        return socket

    async def _talk(self, talk: Talk) -> None:
        waiting = ""
        async for message in talk.socket:
            if message.type is not WSMsgType.TEXT:
                return
            read = json.loads(message.data)
            talk.messages.append(read)
            match read["type"]:
                case "config":
                    async with self.opened:
                        self.opened.notify_all()
                case "text":
                    waiting += read["data"]["text"]
                case "ping":
                    self.pinged.set()
                case "flush":
                    talk.pieces.append(waiting)
                    await self._speak(waiting, talk)
                    waiting = ""

    async def _speak(self, text: str, talk: Talk) -> None:
        try:
            for out in self.answer(text, talk):
                if isinstance(out, int):
                    await talk.socket.close(code=out)
                    return
                await talk.socket.send_str(out)
        except Mute:
            return


@asynccontextmanager
async def running(answer: Answer) -> AsyncIterator[SpeechServer]:
    server = SpeechServer(answer)
    app = web.Application()
    app.router.add_get("/text-to-speech/ws", server.serve)
    app.router.add_get("/text-to-speech/ws/v2", server.serve)
    async with TestServer(app) as http:
        server.url = str(http.make_url("")).rstrip("/")
        yield server


def sound_of(text: str, rate_hz: int = RATE_HZ) -> bytes:
    return encode(text, rate_hz).tobytes()


def speak_well(text: str, talk: Talk) -> Iterable[str]:
    """A header by itself, then the sound in odd pieces, then the final."""
    yield audio(write_wav(np.zeros(0, np.int16), RATE_HZ))
    sound = sound_of(text)
    for start in range(0, len(sound), 1001):
        yield audio(sound[start : start + 1001])
    yield FINAL
