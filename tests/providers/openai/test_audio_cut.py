"""Sound over HTTP that breaks off: noticed wherever anything told how much there was to be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest
from livekit.agents import APIConnectionError

from callmissed.dev.speaking import rendered
from callmissed.kit.wav import write_wav
from tests.providers.metering import Counted
from tests.providers.openai.audio_engines import mouth
from tests.providers.openai.test_audio_tts import RATE_HZ, TEXT, failure, spoken

SPOKEN = rendered(TEXT, RATE_HZ).tobytes()
WAV = write_wav(rendered(TEXT, RATE_HZ), RATE_HZ)
Framing = Literal["length", "chunks", "chunks whole", "nothing"]
"""How an HTTP answer tells where it ends; without anything it ends with its connection."""


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        ("length", WAV[:-20_001]),
        ("chunks", WAV[:-20_001]),
        ("nothing", WAV[:-20_000]),
        ("nothing", WAV[:-1]),
        ("nothing", SPOKEN[:-20_001]),
    ],
)
async def test_an_answer_that_is_cut_is_not_taken_for_whole(framing: Framing, body: bytes) -> None:
    meter = Counted()
    async with (
        _framed(framing, body) as url,
        mouth(url, meter) as voice,
    ):
        error = await failure(voice)
    assert type(error) is APIConnectionError
    assert not error.retryable
    assert meter.total == len(TEXT)


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        ("nothing", WAV),
        ("nothing", SPOKEN),
        ("nothing", WAV[:40] + b"\xff\xff\xff\xff" + SPOKEN),
        ("nothing", WAV[:40] + b"\x00\xf0\xff\x7f" + SPOKEN),
        ("chunks whole", WAV[:40] + b"\x00\xff\xff\x00" + SPOKEN),
    ],
)
async def test_a_header_that_cannot_know_the_length_cuts_nothing(
    framing: Framing, body: bytes
) -> None:
    async with _framed(framing, body) as url, mouth(url) as voice:
        assert await spoken(voice) == SPOKEN


@asynccontextmanager
async def _framed(framing: Framing, body: bytes) -> AsyncIterator[str]:
    """A server that answers just these bytes and ends the connection; `length` and `chunks`
    promise more of them.
    """
    told = {
        "length": f"Content-Length: {len(WAV)}",
        "chunks": "Transfer-Encoding: chunked",
        "chunks whole": "Transfer-Encoding: chunked",
        "nothing": "Server: plain",
    }[framing]
    ending = b"\r\n0\r\n\r\n" if framing == "chunks whole" else b""
    size = f"{len(body):x}\r\n".encode() if framing.startswith("chunks") else b""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nConnection: close\r\n{told}\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in asked.split(b"\r\n") if b"ontent-Length" in line)
        await reader.readexactly(int(length.split(b":")[1]))
        writer.write(head.encode() + size + body + ending)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/v1"
