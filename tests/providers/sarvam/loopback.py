"""A server with Sarvam's two speech-to-text paths, on which each test plays its own part."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web
from livekit import rtc
from livekit.agents import stt

from callmissed.domain.models import Access, Model, ModelStatus, Provider, Service
from callmissed.domain.usage import Usage
from callmissed.kit.recent import Recent
from callmissed.providers.connections import Connections
from callmissed.providers.sarvam.stt import SarvamSTT, wires_of
from callmissed.providers.sarvam.stt_talk import KEEP_ALIVE_S

REALTIME, CLASSIC = "/speech-to-text-realtime/ws", "/speech-to-text/ws"
RATE_HZ = 16_000
HELLO = {"event": "session.begin", "request_id": "r1", "config": {}}


@dataclass
class Line:
    """One accepted socket, as the server sees it."""

    socket: web.WebSocketResponse
    request: web.Request
    heard: list[Any] = field(default_factory=list)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def tell(self, **message: Any) -> None:
        await self.socket.send_str(json.dumps(message))

    async def until(self, wanted: Callable[[Any], bool], within_s: float = 10.0) -> Any:
        """Reads until a message is wanted: its JSON, or its bytes."""
        async with asyncio.timeout(within_s):
            async for message in self.socket:
                is_text = message.type is WSMsgType.TEXT
                self.heard.append(json.loads(message.data) if is_text else message.data)
                if wanted(self.heard[-1]):
                    return self.heard[-1]
        return None

    async def until_event(self, name: str) -> Any:
        return await self.until(
            lambda got: isinstance(got, dict) and name in (got.get("event"), got.get("type"))
        )

    async def until_closed(self) -> None:
        await self.until(lambda _got: False)


Part = Callable[[Line], Awaitable[None]]


@dataclass
class Loopback:
    """`parts` are played by path, one a connection; a number is an HTTP status instead."""

    parts: dict[str, list[Part | int]]
    url: str = ""
    asked: list[web.Request] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    refusal: dict[str, Any] | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        parts = self.parts.get(request.path, [])
        part = parts[0] if len(parts) == 1 else parts.pop(0) if parts else 404
        if isinstance(part, int):
            return web.json_response(self.refusal, status=part)
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        line = Line(socket, request)
        self.lines.append(line)
        try:
            await part(line)
        finally:
            line.is_over.set()
        return socket

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.asked]


@asynccontextmanager
async def loopback(**parts: Part | int | list[Part | int]) -> AsyncIterator[Loopback]:
    """`realtime=` and `classic=`: what is played there, one part or one a connection."""
    paths = {"realtime": REALTIME, "classic": CLASSIC}
    playing = {
        paths[name]: list(part) if isinstance(part, list) else [part]
        for name, part in parts.items()
    }
    server = Loopback(playing)
    app = web.Application()
    app.router.add_get("/{rest:.*}", server.answer)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


@dataclass
class Counted:
    """A meter that keeps what it is told."""

    usages: list[Usage] = field(default_factory=list)

    def add(self, usage: Usage) -> None:
        self.usages.append(usage)

    @property
    def sound_ms(self) -> int:
        return sum(usage.amount for usage in self.usages)


MODEL = Model(
    id="saaras:v3",
    service=Service.STT,
    provider="sarvam",
    upstream="saaras:v3",
    status=ModelStatus.AVAILABLE,
    languages=(),
)


@dataclass
class Ears:
    """An engine over connections of its own, with what it counted."""

    engine: SarvamSTT
    meter: Counted
    refused: Recent
    connections: Connections


@asynccontextmanager
async def listening_to(
    url: str,
    *,
    sockets: tuple[str, ...] = ("realtime", "classic"),
    owner: str = "platform",
    key: str = "sk_test",
    refused: Recent | None = None,
    is_telephone: bool = False,
    keep_alive_s: float = KEEP_ALIVE_S,
) -> AsyncIterator[Ears]:
    provider = Provider("sarvam", "sarvam", url, key_header="api-subscription-key", key_prefix="")
    meter, memory = Counted(), refused or Recent(100)
    connections = Connections()
    wires = wires_of(MODEL, "en-IN", is_telephone=is_telephone)
    named = dict(zip(("realtime", "classic"), wires, strict=True))
    engine = SarvamSTT(
        connections.session(),
        Access(provider, key, owner),
        [named[name] for name in sockets],
        model_id=MODEL.id,
        language="en-IN",
        meter=meter,
        refused=memory,
        keep_alive_s=keep_alive_s,
    )
    try:
        yield Ears(engine, meter, memory, connections)
    finally:
        await engine.aclose()
        await connections.aclose()


def push(stream: stt.RecognizeStream, samples: np.ndarray, rate_hz: int = RATE_HZ) -> None:
    frame = rtc.AudioFrame(samples.astype(np.int16).tobytes(), rate_hz, 1, len(samples))
    stream.push_frame(frame)


def speech(duration_s: float, rate_hz: int = RATE_HZ) -> np.ndarray:
    at = np.arange(int(duration_s * rate_hz))
    return (np.sin(at * 2 * np.pi * 300 / rate_hz) * 8000).astype(np.int16)


async def next_of(
    stream: stt.RecognizeStream, kind: stt.SpeechEventType, within_s: float = 10.0
) -> stt.SpeechData:
    async with asyncio.timeout(within_s):
        async for event in stream:
            if event.type is kind:
                return event.alternatives[0]
    raise AssertionError(f"the stream ended without {kind}")
