"""Sarvam's text-to-speech sockets, as their clients see them."""

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
from callmissed.dev.scenario import SWIFT, Scenario
from callmissed.dev.speaking import rendered
from callmissed.kit.mulaw import encode_mulaw

CONFIG = {
    "model": "bulbul:v3",
    "target_language_code": "hi-IN",
    "speaker": "shubh",
    "speech_sample_rate": 24_000,
    "output_audio_codec": "linear16",
}
LONG = "the doctor is open today and tomorrow from nine to five"


@asynccontextmanager
async def socket_to(
    sims: Providers,
    *,
    key: str = "key",
    path: str = "/text-to-speech/ws",
    model: str = "bulbul:v3",
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            sims.sarvam_url + path,
            params={"model": model, "send_completion_event": "true"},
            headers={"api-subscription-key": key},
            max_msg_size=0,
        ) as socket,
    ):
        yield socket


async def ask(
    socket: aiohttp.ClientWebSocketResponse, *texts: str, flush: bool = True, **config: Any
) -> None:
    await socket.send_json({"type": "config", "data": CONFIG | config})
    for text in texts:
        await socket.send_json({"type": "text", "data": {"text": text}})
    if flush:
        await socket.send_json({"type": "flush"})


async def told(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    message: dict[str, Any] = await asyncio.wait_for(socket.receive_json(), 5)
    return message


async def sounds(socket: aiohttp.ClientWebSocketResponse) -> list[bytes]:
    """The pieces of sound until the completion event."""
    pieces = []
    while (message := await told(socket))["type"] == "audio":
        pieces.append(base64.b64decode(message["data"]["audio"]))
    assert message["data"]["event_type"] == "final"
    return pieces


async def test_the_sound_is_the_text_to_the_sample() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        await ask(socket, LONG[:20], LONG[20:])
        sound = np.frombuffer(b"".join(await sounds(socket)), dtype="<i2")
        assert np.array_equal(sound, rendered(LONG, 24_000))
        assert sims.ledger.total("characters", model="bulbul:v3") == len(LONG)
        told = sims.ledger.requests("sarvam.tts")[0].messages
        assert told[1] == {"text": LONG[:20], "language": "hi-IN"}


async def test_the_telephone_gets_its_own_bytes() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        await ask(socket, "yes", output_audio_codec="mulaw", speech_sample_rate=8_000)
        assert b"".join(await sounds(socket)) == encode_mulaw(rendered("yes", 8_000))


async def test_the_first_chunk_of_a_wav_is_its_header_alone() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        await ask(socket, "yes", output_audio_codec="wav")
        header, *rest = await sounds(socket)
        assert (header[:4], len(header)) == (b"RIFF", 44)
        assert b"".join(rest) == rendered("yes", 24_000).tobytes()


@pytest.mark.parametrize("header", ["alone", "joined"])
async def test_raw_samples_may_have_a_header_too(header: Any) -> None:
    mouth = replace(SWIFT.mouth, header=header, heads_raw=True)
    async with running_providers(replace(SWIFT, mouth=mouth)) as sims, socket_to(sims) as socket:
        await ask(socket, "yes")
        pieces = await sounds(socket)
        assert pieces[0].startswith(b"RIFF")
        assert (len(pieces[0]) == 44) == (header == "alone")


async def test_text_waits_for_its_buffer_or_a_flush() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        await ask(socket, "yes", flush=False, min_buffer_size=30)
        await socket.send_json({"type": "ping"})
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.receive(), 0.1)
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        await ask(socket, LONG, flush=False, min_buffer_size=30)
        assert (await told(socket))["type"] == "audio"


async def test_a_socket_serves_one_text_after_another() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        for text in ("hello", "good morning"):
            await ask(socket, text)
            assert b"".join(await sounds(socket)) == rendered(text, 24_000).tobytes()


@pytest.mark.parametrize(
    ("config", "status"),
    [
        ({"speaker": "amelia"}, 400),
        ({"speaker": "anushka"}, 400),
        ({"target_language_code": "or-IN"}, 400),
        ({"target_language_code": "ur-IN"}, 400),
        ({"pace": 2.5}, 422),
        ({"temperature": 1.5}, 422),
        ({"pitch": 0.5}, 422),
        ({"min_buffer_size": 10}, 422),
        ({"speech_sample_rate": 48_000}, 422),
    ],
)
async def test_what_bulbul_v3_does_not_take_is_an_error(
    config: dict[str, Any], status: int
) -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        await ask(socket, "yes", **config)
        message = await told(socket)
        assert message["type"] == "error"
        assert message["data"]["code"] == status


async def test_both_names_of_the_language_are_read() -> None:
    config = {name: value for name, value in CONFIG.items() if name != "target_language_code"}
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        await socket.send_json({"type": "config", "data": config | {"language_code": "ta-IN"}})
        await socket.send_json({"type": "text", "data": {"text": "yes"}})
        await socket.send_json({"type": "flush"})
        assert await sounds(socket)


async def test_the_flash_model_has_a_path_of_its_own() -> None:
    async with running_providers(SWIFT) as sims:
        async with socket_to(sims, path="/text-to-speech/ws/v2", model="bulbul:v4-flash") as socket:
            await ask(socket, "yes", model="bulbul:v4-flash")
            assert await sounds(socket)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with socket_to(sims, model="bulbul:v4-flash"):
                pass


@pytest.mark.parametrize(
    ("fault", "key", "status"),
    [
        (None, "bad", 403),
        (Fault("sarvam.tts", "rate_limit"), "key", 429),
        (Fault("sarvam.tts", "quota"), "key", 429),
        (Fault("sarvam.tts", "server_error", status=503), "key", 503),
    ],
)
async def test_an_upgrade_may_be_refused(fault: Fault | None, key: str, status: int) -> None:
    async with running_providers(SWIFT, [fault] if fault else []) as sims:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with socket_to(sims, key=key):
                pass
        assert refused.value.status == status


async def end_of(scenario: Scenario, fault: Fault) -> tuple[int, int | None]:
    """Pieces of sound that came before the end, and the code of the close."""
    async with running_providers(scenario, [fault]) as sims, socket_to(sims) as socket:
        await ask(socket, LONG)
        pieces = 0
        while (message := await asyncio.wait_for(socket.receive(), 5)).type is (
            aiohttp.WSMsgType.TEXT
        ):
            pieces += "audio" in message.json()["type"]
        return pieces, socket.close_code


@pytest.mark.parametrize(
    ("kind", "code"), [("fin", 1006), ("reset", 1006), ("close", 1000), ("error_inside", 1011)]
)
async def test_sound_may_end_early(kind: Any, code: int) -> None:
    assert await end_of(SWIFT, Fault("sarvam.tts", kind, after=3)) == (3, code)


@pytest.mark.parametrize("kind", ["stall", "never_final"])
async def test_sound_may_stop_with_the_socket_open(kind: Any) -> None:
    fault = Fault("sarvam.tts", kind, after=2)
    async with running_providers(SWIFT, [fault]) as sims, socket_to(sims) as socket:
        await ask(socket, "yes no")
        for _ in range(2 if kind == "stall" else 4):
            assert (await told(socket))["type"] == "audio"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.receive(), 0.1)


async def test_nothing_may_be_said() -> None:
    async with (
        running_providers(SWIFT, [Fault("sarvam.tts", "empty")]) as sims,
        socket_to(sims) as socket,
    ):
        await ask(socket, "yes")
        assert await sounds(socket) == []


async def test_a_message_may_be_no_json() -> None:
    async with (
        running_providers(SWIFT, [Fault("sarvam.tts", "malformed", after=1)]) as sims,
        socket_to(sims) as socket,
    ):
        await ask(socket, "yes")
        await told(socket)
        assert (await socket.receive()).data == '{"broken": '


async def test_plain_http_speaks_too() -> None:
    body = {"text": "yes", "target_language_code": "en-IN", "model": "bulbul:v3"}
    headers = {"api-subscription-key": "key"}
    async with running_providers(SWIFT) as sims, aiohttp.ClientSession(headers=headers) as session:
        async with session.post(sims.sarvam_url + "/text-to-speech", json=body) as answer:
            (audio,) = (await answer.json())["audios"]
            assert base64.b64decode(audio)[44:] == rendered("yes", 24_000).tobytes()
        async with session.post(sims.sarvam_url + "/text-to-speech/stream", json=body) as answer:
            assert (await answer.read())[44:] == rendered("yes", 24_000).tobytes()
        body["text"] = "x" * 4000
        async with session.post(sims.sarvam_url + "/text-to-speech/stream", json=body) as answer:
            assert answer.status == 400
            assert (await answer.json())["error"]["code"] == "invalid_request_error"
