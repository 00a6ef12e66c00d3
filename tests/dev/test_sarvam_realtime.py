"""Sarvam's realtime speech-to-text socket, as its clients see it."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import numpy as np
import pytest

from callmissed.dev.faults import Fault
from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.scenario import SWIFT
from callmissed.dev.tones import encode
from callmissed.kit.mulaw import encode_mulaw
from callmissed.kit.pcm import silence

QUERY = {
    "language_code": "auto",
    "model": "saaras:v3-realtime",
    "encoding": "linear16",
    "sample_rate": "16000",
    "endpointing": "vad",
}
PAUSE = silence(400, 16_000)


@asynccontextmanager
async def socket_to(
    sims: Providers, key: str = "key", **query: str
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            sims.sarvam_url + "/speech-to-text-realtime/ws",
            params=QUERY | query,
            headers={"api-subscription-key": key},
        ) as socket,
    ):
        yield socket


async def told(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    message: dict[str, Any] = await asyncio.wait_for(socket.receive_json(), 5)
    return message


async def events_until(socket: aiohttp.ClientWebSocketResponse, last: str) -> list[dict[str, Any]]:
    events = [await told(socket)]
    while events[-1]["event"] != last:
        events.append(await told(socket))
    return events


async def test_words_come_one_by_one_and_then_whole() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        await socket.send_bytes(np.concatenate([encode("one two", 16_000), PAUSE]).tobytes())
        events = await events_until(socket, "transcript.final")
        assert [event["event"] for event in events] == [
            "session.begin",
            "vad.speech_start",
            "transcript.partial",
            "transcript.partial",
            "vad.speech_end",
            "transcript.final",
        ]
        assert [event.get("text") for event in events[2:]] == ["one", "one two", None, "one two"]
        assert events[-1]["language"] == "en-IN"
        assert events[-1]["utterance_idx"] == 0


async def test_the_telephones_bytes_are_heard_as_they_are() -> None:
    async with (
        running_providers(SWIFT) as sims,
        socket_to(sims, encoding="mulaw", sample_rate="8000") as socket,
    ):
        sound = encode_mulaw(np.concatenate([encode("hello doctor", 8_000), silence(400, 8_000)]))
        for start in range(0, len(sound), 160):
            await socket.send_bytes(sound[start : start + 160])
        final = (await events_until(socket, "transcript.final"))[-1]
        assert final["text"] == "hello doctor"
        assert sims.ledger.total("audio_ms", place="sarvam.realtime") == 800


async def test_sound_may_come_as_text_and_a_flush_ends_it() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims, endpointing="manual") as socket:
        audio = base64.b64encode(encode("yes", 16_000).tobytes()).decode()
        await socket.send_json({"event": "audio_input", "audio": audio})
        await socket.send_json({"event": "flush"})
        events = await events_until(socket, "transcript.final")
        assert "vad.speech_start" not in [event["event"] for event in events]
        assert events[-1]["text"] == "yes"


async def test_odia_has_its_own_code_here() -> None:
    async with running_providers(SWIFT) as sims:
        async with socket_to(sims, language_code="or-IN") as socket:
            await socket.send_bytes(np.concatenate([encode("yes", 16_000), PAUSE]).tobytes())
            assert (await events_until(socket, "transcript.final"))[-1]["language"] == "or-IN"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with socket_to(sims, language_code="od-IN"):
                pass


async def test_the_language_may_change_on_the_way() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims, language_code="en-IN") as socket:
        await socket.send_json({"event": "config.update", "language_code": "hi-IN"})
        assert (await events_until(socket, "config.updated"))[-1]["applied"] == ["language_code"]
        await socket.send_bytes(np.concatenate([encode("yes", 16_000), PAUSE]).tobytes())
        assert (await events_until(socket, "transcript.final"))[-1]["language"] == "hi-IN"


async def test_pings_are_answered_and_the_end_is_told() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        await socket.send_json({"event": "ping"})
        await events_until(socket, "pong")
        await socket.send_bytes(encode("yes", 16_000).tobytes())
        await socket.send_json({"event": "end"})
        events = await events_until(socket, "session.end")
        assert events[-2]["text"] == "yes"
        assert events[-1]["total_utterances"] == 1
        assert (await socket.receive()).data == 1000
        assert sims.ledger.requests()[0].outcome == "finished"


async def test_an_idle_socket_is_closed_as_inactive() -> None:
    async with running_providers(replace(SWIFT, idle_s=0.05)) as sims, socket_to(sims) as socket:
        await told(socket)
        assert (await asyncio.wait_for(socket.receive(), 5)).data == 1008


async def test_a_rate_limit_on_the_way_is_told_and_closes_with_1003() -> None:
    fault = Fault("sarvam.realtime", "rate_limit", after=300, unit="audio_ms")
    async with running_providers(SWIFT, [fault]) as sims, socket_to(sims) as socket:
        await socket.send_bytes(encode("one two", 16_000).tobytes())
        error = (await events_until(socket, "error"))[-1]
        assert (error["code"], error["is_fatal"]) == ("rate_limit_exceeded_error", True)
        assert (await socket.receive()).data == 1003


@pytest.mark.parametrize("kind", ["never_final", "empty"])
async def test_a_final_may_be_missing_or_empty(kind: Any) -> None:
    fault = Fault("sarvam.realtime", kind)
    async with running_providers(SWIFT, [fault]) as sims, socket_to(sims) as socket:
        await socket.send_bytes(np.concatenate([encode("yes", 16_000), PAUSE]).tobytes())
        await socket.send_json({"event": "end"})
        finals = [
            event["text"]
            for event in await events_until(socket, "session.end")
            if event["event"] == "transcript.final"
        ]
        assert finals == ([] if kind == "never_final" else [""])


async def test_a_fault_can_befall_a_socket_that_is_open() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        await events_until(socket, "session.begin")
        sims.strike_open(Fault("sarvam.realtime", "close", after=300, unit="audio_ms", code=1012))
        await socket.send_bytes(silence(290, 16_000).tobytes())
        assert not socket.closed
        await socket.send_bytes(silence(20, 16_000).tobytes())
        assert (await asyncio.wait_for(socket.receive(), 5)).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 1012
        async with socket_to(sims) as another:
            await another.send_bytes(np.concatenate([encode("yes", 16_000), PAUSE]).tobytes())
            await events_until(another, "transcript.final")
