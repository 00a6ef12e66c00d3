"""A voice over an OpenAI-compatible endpoint: sound intact to the sample, every failure in time."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
)

from callmissed.dev.faults import Fault, Kind
from callmissed.dev.providers import running_providers
from callmissed.dev.scenario import SWIFT
from callmissed.dev.speaking import rendered
from callmissed.domain.models import Service
from callmissed.domain.usage import Measure, Usage
from callmissed.kit.wav import write_wav
from callmissed.providers.openai import audio_tts as engine
from callmissed.providers.openai.audio_tts import OpenAIAudioTTS
from tests.providers.metering import Counted
from tests.providers.openai.audio_engines import mouth

ONCE = APIConnectOptions(max_retry=0)
TEXT = "We are open from nine in the morning to six in the evening."
NEXT = "Shall I book a slot?"
PLACE = "audio.tts"
RATE_HZ = 24_000

FAULTS: list[tuple[Fault, type[APIError], bool]] = [
    (Fault(PLACE, "refuse"), APIConnectionError, True),
    (Fault(PLACE, "hang"), APITimeoutError, True),
    (Fault(PLACE, "rate_limit"), APIStatusError, True),
    (Fault(PLACE, "quota"), APIStatusError, False),
    (Fault(PLACE, "server_error", status=503), APIStatusError, True),
    (Fault(PLACE, "stall"), APITimeoutError, True),
    (Fault(PLACE, "fin"), APIConnectionError, True),
    (Fault(PLACE, "reset"), APIConnectionError, True),
    (Fault(PLACE, "empty"), APIConnectionError, True),
    (Fault(PLACE, "stall", after=20_001, unit="bytes"), APITimeoutError, False),
    (Fault(PLACE, "fin", after=20_001, unit="bytes"), APIConnectionError, False),
    (Fault(PLACE, "reset", after=20_001, unit="bytes"), APIConnectionError, False),
    (Fault(PLACE, "never_final"), APITimeoutError, False),
]


async def spoken(voice: OpenAIAudioTTS, text: str = TEXT) -> bytes:
    async with asyncio.timeout(20):
        return bytes((await voice.synthesize(text, conn_options=ONCE).collect()).data)


async def failure(voice: OpenAIAudioTTS) -> APIError:
    with pytest.raises(APIError) as caught:
        await spoken(voice)
    assert TEXT not in f"{caught.value} {caught.value!r}"
    return caught.value


def sound_of(text: str) -> bytes:
    return rendered(text, RATE_HZ).tobytes()


@contextmanager
def deadlines_for(told: type[APIError]) -> Iterator[None]:
    """Short ones where a deadline is what ends the wait."""
    with pytest.MonkeyPatch.context() as patch:
        if told is APITimeoutError:
            patch.setattr(engine, "FIRST_SOUND_TIMEOUT_S", 0.4)
            patch.setattr(engine, "NEXT_SOUND_TIMEOUT_S", 0.4)
        yield


@pytest.mark.parametrize("response_format", ["pcm", "wav"])
async def test_what_is_heard_and_counted_is_what_was_delivered(response_format: str) -> None:
    meter = Counted()
    async with (
        running_providers(SWIFT) as providers,
        mouth(providers.audio_url, meter, response_format=response_format) as voice,
    ):
        for text in [TEXT, NEXT] * 3:
            assert await spoken(voice, text) == sound_of(text)
        assert providers.ledger.total("characters", place=PLACE) == meter.total
    assert meter.entries[1] == Usage(Service.TTS, "own/kokoro", Measure.CHARACTERS, len(NEXT))


async def test_what_is_asked() -> None:
    async with (
        running_providers(SWIFT) as providers,
        mouth(
            providers.audio_url,
            speed=9,
            language_field="lang_code",
            language_voices={"hi": "hf_alpha"},
            body={"normalize": False},
        ) as voice,
    ):
        await spoken(voice)
        assert voice.set_language("hi-IN")
        assert not voice.set_language("ta-IN")
        await spoken(voice)
        first, second = providers.ledger.requests(PLACE)
    assert first.key == "none"
    assert first.fields == {
        "model": "kokoro",
        "input": TEXT,
        "voice": "af_heart",
        "response_format": "pcm",
        "speed": 4.0,
        "lang_code": "en",
        "normalize": False,
    }
    assert (second.fields["lang_code"], second.fields["voice"]) == ("hi", "hf_alpha")


async def test_a_key_is_sent_where_there_is_one() -> None:
    async with running_providers(SWIFT) as providers:
        async with mouth(providers.audio_url, key="secret-1") as voice:
            await spoken(voice)
        async with mouth(providers.audio_url, key="bad-1") as voice:
            error = await failure(voice)
    assert providers.ledger.requests(PLACE)[0].key == "secret-1"
    assert isinstance(error, APIStatusError)
    assert (error.status_code, error.retryable) == (401, False)


@pytest.mark.parametrize("number", range(len(FAULTS)))
async def test_every_failure_is_told_and_the_next_piece_is_spoken(number: int) -> None:
    fault, told, retryable = FAULTS[number]
    async with running_providers(SWIFT) as providers, mouth(providers.audio_url) as voice:
        providers.set_fault(fault)
        with deadlines_for(told):
            error = await failure(voice)
        assert isinstance(error, told)
        assert isinstance(error, APITimeoutError) == (told is APITimeoutError)
        assert error.retryable is retryable
        providers.set_fault()
        assert await spoken(voice, NEXT) == sound_of(NEXT)


@pytest.mark.parametrize("kind", ["refuse", "hang", "rate_limit", "quota", "server_error"])
async def test_what_was_not_taken_is_not_counted(kind: Kind) -> None:
    meter = Counted()
    async with running_providers(SWIFT) as providers, mouth(providers.audio_url, meter) as voice:
        providers.set_fault(Fault(PLACE, kind))
        with deadlines_for(APITimeoutError):
            await failure(voice)
    assert meter.entries == []


async def test_what_the_server_is_left_with_is_counted() -> None:
    meter = Counted()
    slow = replace(SWIFT, mouth=replace(SWIFT.mouth, first_byte_ms=60_000))
    async with running_providers(slow) as providers, mouth(providers.audio_url, meter) as voice:
        async with voice.synthesize(TEXT, conn_options=ONCE):
            async with asyncio.timeout(5):
                while not providers.ledger.total("characters"):
                    await asyncio.sleep(0)
        assert meter.total == providers.ledger.total("characters") == len(TEXT)


@pytest.mark.parametrize("seed", range(6))
async def test_a_piece_cancelled_anywhere_does_not_touch_the_next(seed: int) -> None:
    chance = random.Random(seed)
    slow = replace(SWIFT.mouth, chunk_ms=20, real_time_factor=0.01)
    meter = Counted()
    async with (
        running_providers(replace(SWIFT, mouth=slow)) as providers,
        mouth(providers.audio_url, meter) as voice,
    ):
        voice.prewarm()
        async with voice.synthesize(TEXT, conn_options=ONCE) as stream:
            for _ in range(chance.randrange(1, 40)):
                await anext(stream)
        assert await spoken(voice, NEXT) == sound_of(NEXT)
        assert meter.total == len(TEXT) + len(NEXT)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"error": "no"}'),
        ("text/html", b"<html>"),
        ("audio/mpeg", b"ID3" + bytes(9000)),
        ("audio/wav", b"RIFF0000AVI 000"),
        ("audio/pcm", b""),
        ("audio/pcm", b"\x01"),
    ],
)
async def test_what_is_no_sound_is_an_error(kind: str, body: bytes) -> None:
    async with _answering(kind, body) as server, mouth(str(server.make_url("/v1"))) as voice:
        assert type(await failure(voice)) is APIConnectionError


async def test_another_rate_is_brought_to_ours() -> None:
    wav = write_wav(rendered(TEXT, 16_000), 16_000)
    async with _answering("audio/wav", wav) as server, mouth(str(server.make_url("/v1"))) as voice:
        assert len(await spoken(voice)) == pytest.approx(len(sound_of(TEXT)), abs=200)


async def test_a_customers_server_inside_is_not_reached() -> None:
    async with (
        running_providers(SWIFT) as providers,
        mouth(providers.audio_url, is_guarded=True) as voice,
    ):
        assert type(await failure(voice)) is APIConnectionError
        assert providers.ledger.requests(PLACE) == []


async def test_requests_are_plain_and_share_a_connection() -> None:
    seen: list[tuple[object, str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        body = await request.read()
        peer = request.transport.get_extra_info("peername")
        length = request.headers.get("Content-Length", "")
        seen.append((peer, length, request.headers.get("Transfer-Encoding", "")))
        assert length == str(len(body))
        return web.Response(body=sound_of(TEXT), content_type="audio/pcm")

    app = web.Application()
    app.router.add_post("/v1/audio/speech", answer)
    async with TestServer(app) as server, mouth(str(server.make_url("/v1"))) as voice:
        for _ in range(3):
            assert await spoken(voice) == sound_of(TEXT)
    assert len(set(seen)) == 1
    assert seen[0][2] == ""


async def test_nothing_to_say_asks_nobody() -> None:
    async with (
        mouth("http://127.0.0.1:1") as voice,
        voice.synthesize(" \n", conn_options=ONCE) as stream,
    ):
        assert [frame async for frame in stream] == []


def _answering(kind: str, body: bytes) -> TestServer:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=body, content_type=kind)

    app = web.Application()
    app.router.add_post("/v1/audio/speech", answer)
    return TestServer(app)
