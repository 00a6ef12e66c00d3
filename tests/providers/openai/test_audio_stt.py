"""Ears over an OpenAI-compatible endpoint: a final for each flush, every failure in time."""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
    stt,
)

from callmissed.dev.faults import Fault
from callmissed.dev.providers import running_providers
from callmissed.dev.scenario import SWIFT
from callmissed.dev.tones import encode, heard_words
from callmissed.domain.models import Service
from callmissed.domain.usage import Measure, Usage
from callmissed.providers.openai import audio_stt as engine
from callmissed.providers.openai.audio_stt import OpenAIAudioSTT
from tests.providers.metering import Counted
from tests.providers.openai.audio_engines import ears

ONCE = APIConnectOptions(max_retry=0)
PLACE = "audio.stt"
QUESTION = "what are your opening hours"
ANSWER = "yes please"
RATE_HZ = 48_000

FAULTS: list[tuple[Fault, type[APIError], bool]] = [
    (Fault(PLACE, "refuse"), APIConnectionError, True),
    (Fault(PLACE, "hang"), APITimeoutError, True),
    (Fault(PLACE, "rate_limit"), APIStatusError, True),
    (Fault(PLACE, "quota"), APIStatusError, False),
    (Fault(PLACE, "server_error"), APIStatusError, True),
    (Fault(PLACE, "malformed"), APIConnectionError, True),
]


def frames_of(text: str, rate_hz: int = RATE_HZ) -> list[rtc.AudioFrame]:
    hush = np.random.default_rng(3).normal(0, 5, rate_hz // 4).astype(np.int16)
    samples = np.concatenate([hush, encode(text, rate_hz), hush])
    size = rate_hz // 50
    pieces = [samples[start : start + size] for start in range(0, len(samples), size)]
    return [rtc.AudioFrame(piece.tobytes(), rate_hz, 1, len(piece)) for piece in pieces]


def as_heard(text: str) -> str:
    return " ".join(heard_words(text))


async def finals(listener: OpenAIAudioSTT, texts: Sequence[str]) -> list[stt.SpeechData]:
    """Says each text and flushes behind it."""
    async with asyncio.timeout(20), listener.stream(conn_options=ONCE) as stream:
        for text in texts:
            for frame in frames_of(text):
                stream.push_frame(frame)
            stream.flush()
        events = [await anext(stream) for _ in range(2 * len([text for text in texts if text]))]
    kind = stt.SpeechEventType.FINAL_TRANSCRIPT
    return [event.alternatives[0] for event in events if event.type is kind]


async def failure(listener: OpenAIAudioSTT) -> APIError:
    with pytest.raises(APIError) as caught:
        await finals(listener, [QUESTION])
    return caught.value


async def test_each_flush_brings_the_words_before_it_in_their_order() -> None:
    meter = Counted()
    async with (
        running_providers(SWIFT) as providers,
        ears(providers.audio_url, meter) as listener,
    ):
        listener.prewarm()
        heard = await finals(listener, [QUESTION, ANSWER, QUESTION])
        assert [one.text for one in heard] == [as_heard(QUESTION), ANSWER, as_heard(QUESTION)]
        assert providers.ledger.total("audio_ms", place=PLACE) == meter.total
        duration_ms = providers.ledger.requests(PLACE)[0].amounts["audio_ms"]
    assert meter.entries[0] == Usage(Service.STT, "own/whisper-1", Measure.AUDIO_MS, duration_ms)
    assert heard[0].end_time - heard[0].start_time == pytest.approx(duration_ms / 1000, abs=0.001)
    assert heard[1].start_time == pytest.approx(1.5, abs=0.1)


async def test_what_is_asked() -> None:
    options: dict[str, Any] = {"prompt": "Asha Clinic", "body": {"vad_filter": True}}
    async with running_providers(SWIFT) as providers:
        async with ears(providers.audio_url, key="secret-1", **options) as listener:
            await finals(listener, [ANSWER])
        request = providers.ledger.requests(PLACE)[0]
    assert request.key == "secret-1"
    assert request.fields == {
        "model": "whisper-1",
        "response_format": "json",
        "temperature": "0",
        "language": "en",
        "prompt": "Asha Clinic",
        "vad_filter": "True",
    }


async def test_a_language_that_the_server_finds_out_is_told() -> None:
    options: dict[str, Any] = {"detects_language": True}
    hindi = "नमस्ते डॉक्टर कब"
    async with running_providers(SWIFT) as providers:
        async with ears(providers.audio_url, **options) as listener:
            heard = await finals(listener, [hindi])
        assert "language" not in providers.ledger.requests(PLACE)[0].fields
    assert (heard[0].text, heard[0].language) == (hindi, "hi")


async def test_a_flush_over_silence_is_an_empty_final_that_asks_nobody() -> None:
    async with (
        ears("http://127.0.0.1:1") as listener,
        listener.stream(conn_options=ONCE) as stream,
    ):
        for frame in frames_of(""):
            stream.push_frame(frame)
        stream.flush()
        async with asyncio.timeout(5):
            event = await anext(stream)
    assert event.type is stt.SpeechEventType.FINAL_TRANSCRIPT
    assert event.alternatives[0].text == ""


@pytest.mark.parametrize("number", range(len(FAULTS)))
async def test_every_failure_is_told_and_the_next_stream_hears(number: int) -> None:
    fault, told, retryable = FAULTS[number]
    async with running_providers(SWIFT) as providers, ears(providers.audio_url) as listener:
        providers.set_fault(fault)
        with pytest.MonkeyPatch.context() as patch:
            if told is APITimeoutError:
                patch.setattr(engine, "ANSWER_TIMEOUT_S", 0.4)
            error = await failure(listener)
        assert isinstance(error, told)
        assert isinstance(error, APITimeoutError) == (told is APITimeoutError)
        assert error.retryable is retryable
        providers.set_fault()
        assert [one.text for one in await finals(listener, [ANSWER])] == [ANSWER]


async def test_a_key_that_is_refused_is_told_as_such() -> None:
    meter = Counted()
    async with (
        running_providers(SWIFT) as providers,
        ears(providers.audio_url, meter, key="bad-1") as listener,
    ):
        error = await failure(listener)
    assert isinstance(error, APIStatusError)
    assert (error.status_code, error.retryable) == (401, False)
    assert meter.entries == []


async def test_closing_in_the_middle_leaves_nothing() -> None:
    async with running_providers(SWIFT) as providers, ears(providers.audio_url) as listener:
        providers.set_fault(Fault(PLACE, "hang"))
        async with listener.stream(conn_options=ONCE) as stream:
            for frame in frames_of(QUESTION):
                stream.push_frame(frame)
            stream.flush()
            async with asyncio.timeout(5):
                while not providers.ledger.requests(PLACE):
                    await asyncio.sleep(0)
