"""Sarvam's classic speech-to-text socket, as its clients see it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import numpy as np
import pytest

from callmissed.dev.faults import Fault
from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.scenario import SWIFT, Utterance
from callmissed.dev.tones import encode
from callmissed.kit.pcm import Samples, silence

QUERY = {
    "language-code": "unknown",
    "model": "saaras:v3",
    "vad_signals": "true",
    "flush_signal": "true",
    "sample_rate": "16000",
    "input_audio_codec": "pcm_s16le",
}
PAUSE = silence(400, 16_000)


@asynccontextmanager
async def socket_to(
    sims: Providers, key: str = "key", **query: str
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            sims.sarvam_url + "/speech-to-text/ws",
            params=QUERY | {name.replace("_code", "-code"): value for name, value in query.items()},
            headers={"api-subscription-key": key},
        ) as socket,
    ):
        yield socket


async def say(socket: aiohttp.ClientWebSocketResponse, sound: Samples) -> None:
    for start in range(0, len(sound), 800):
        data = base64.b64encode(sound[start : start + 800].tobytes()).decode()
        message = {"audio": {"data": data, "encoding": "pcm_s16le", "sample_rate": 16_000}}
        await socket.send_json(message)


async def told(socket: aiohttp.ClientWebSocketResponse) -> str | dict[str, Any]:
    """The signal's name, or the data of a transcript or an error."""
    message = await asyncio.wait_for(socket.receive_json(), 5)
    data: dict[str, Any] = message["data"]
    return str(data["signal_type"]) if "signal_type" in data else data


async def test_an_utterance_is_one_final_between_its_signals() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        await say(socket, np.concatenate([encode("book the doctor", 16_000), PAUSE]))
        assert await told(socket) == "START_SPEECH"
        assert await told(socket) == "END_SPEECH"
        final = await told(socket)
        assert isinstance(final, dict)
        assert final["transcript"] == "book the doctor"
        assert (final["language_code"], final["language_probability"]) == ("en-IN", 0.97)
        assert sims.ledger.total("audio_ms", model="saaras:v3", key="key") == 1000


async def test_a_given_language_is_not_detected() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims, language_code="hi-IN") as socket:
        await say(socket, encode("two three", 16_000))
        await socket.send_json({"type": "flush"})
        assert await told(socket) == "START_SPEECH"
        final = await told(socket)
        assert isinstance(final, dict)
        assert (final["language_code"], final["language_probability"]) == ("hi-IN", None)


async def test_the_language_is_that_of_the_words() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        await say(socket, encode("नमस्ते मेरा नहीं doctor", 16_000))
        await socket.send_json({"type": "flush"})
        await told(socket)
        final = await told(socket)
        assert isinstance(final, dict)
        assert (final["language_code"], final["transcript"]) == ("hi-IN", "नमस्ते मेरा नहीं doctor")


async def test_a_flush_brings_the_final_before_the_silence_does() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        await say(socket, encode("yes", 16_000))
        await socket.send_json({"type": "flush"})
        assert await told(socket) == "START_SPEECH"
        final = await told(socket)
        assert isinstance(final, dict)
        assert final["transcript"] == "yes"
        await say(socket, PAUSE)
        assert await told(socket) == "END_SPEECH"


async def test_a_flush_that_was_not_agreed_on_changes_nothing() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims, flush_signal="false") as socket:
        await say(socket, encode("yes", 16_000))
        await socket.send_json({"type": "flush"})
        await say(socket, PAUSE)
        assert [await told(socket), await told(socket)] == ["START_SPEECH", "END_SPEECH"]


async def test_a_server_may_pay_no_heed_to_a_flush() -> None:
    scenario = replace(SWIFT, ears=replace(SWIFT.ears, heeds_flush=False))
    async with running_providers(scenario) as sims, socket_to(sims) as socket:
        await say(socket, encode("yes", 16_000))
        await socket.send_json({"type": "flush"})
        await say(socket, PAUSE)
        assert [await told(socket), await told(socket)] == ["START_SPEECH", "END_SPEECH"]


async def test_the_final_may_come_before_the_end_of_speech() -> None:
    scenario = replace(SWIFT, ears=replace(SWIFT.ears, order="final_first"))
    async with running_providers(scenario) as sims, socket_to(sims) as socket:
        await say(socket, np.concatenate([encode("no", 16_000), PAUSE]))
        assert await told(socket) == "START_SPEECH"
        assert isinstance(await told(socket), dict)
        assert await told(socket) == "END_SPEECH"


async def test_scripted_utterances_are_heard_in_turn_in_any_sound() -> None:
    script = (Utterance("क्लिनिक कब खुलता है", "hi-IN"), Utterance("thanks"))
    ears = replace(SWIFT.ears, hear="script", script=script)
    noise = np.random.default_rng(1).normal(0, 3000, 16_000).astype(np.int16)
    async with running_providers(replace(SWIFT, ears=ears)) as sims, socket_to(sims) as socket:
        await say(socket, np.concatenate([noise, PAUSE, noise, PAUSE]))
        finals = [data for _ in range(6) if isinstance(data := await told(socket), dict)]
        assert [(one["transcript"], one["language_code"]) for one in finals] == [
            ("क्लिनिक कब खुलता है", "hi-IN"),
            ("thanks", "en-IN"),
        ]


async def test_phantom_words_are_heard_where_nobody_spoke() -> None:
    scenario = replace(SWIFT, ears=replace(SWIFT.ears, phantom="okay"))
    async with running_providers(scenario) as sims, socket_to(sims) as socket:
        await say(socket, PAUSE)
        await socket.send_json({"type": "flush"})
        final = await told(socket)
        assert isinstance(final, dict)
        assert final["transcript"] == "okay"


async def test_a_bad_key_is_403_and_no_socket() -> None:
    async with running_providers(SWIFT) as sims:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with socket_to(sims, key="bad-key"):
                pass
        assert refused.value.status == 403


async def test_a_realtime_code_of_odia_is_refused() -> None:
    async with running_providers(SWIFT) as sims:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with socket_to(sims, language_code="or-IN"):
                pass
        assert refused.value.status == 400


async def test_an_idle_socket_is_closed_cleanly() -> None:
    async with running_providers(replace(SWIFT, idle_s=0.05)) as sims, socket_to(sims) as socket:
        closing = await asyncio.wait_for(socket.receive(), 5)
        assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 1000)


async def test_what_cannot_be_read_is_an_error() -> None:
    async with running_providers(SWIFT) as sims, socket_to(sims) as socket:
        await socket.send_str(json.dumps({"audio": "?"}))
        error = await told(socket)
        assert isinstance(error, dict)
        assert error["code"] == "invalid_request_error"


async def test_a_reset_strikes_after_the_sound_that_it_was_set_to() -> None:
    fault = Fault("sarvam.stt", "reset", after=500, unit="audio_ms", uses=(1,))
    async with running_providers(SWIFT, [fault]) as sims:
        async with socket_to(sims) as socket:
            await say(socket, encode("one two three", 16_000))
            while (await asyncio.wait_for(socket.receive(), 5)).type is aiohttp.WSMsgType.TEXT:
                pass
            assert socket.close_code == 1006
        async with socket_to(sims) as socket:
            await say(socket, np.concatenate([encode("one two three", 16_000), PAUSE]))
            assert await told(socket) == "START_SPEECH"
        first, second = sims.ledger.requests("sarvam.stt")
        assert (first.outcome, first.amounts["audio_ms"]) == ("failed", 500)
        assert second.outcome in ("left", "open")
