"""Speech over plain HTTP: OpenAI's audio endpoints and Sarvam's file transcription."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import openai
import pytest

from callmissed.dev.faults import Fault
from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.scenario import SWIFT, Utterance
from callmissed.dev.speaking import rendered
from callmissed.dev.tones import encode
from callmissed.kit.pcm import silence
from callmissed.kit.wav import write_wav

SPOKEN = ("speech.wav", write_wav(encode("book the doctor", 16_000), 16_000), "audio/wav")


@asynccontextmanager
async def client_of(sims: Providers) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=sims.audio_url, api_key="key", max_retries=0) as client:
        yield client


async def test_a_file_is_transcribed_in_each_form() -> None:
    async with running_providers(SWIFT) as sims, client_of(sims) as client:
        made = client.audio.transcriptions
        assert (await made.create(model="whisper-1", file=SPOKEN)).text == "book the doctor"
        text = await made.create(model="whisper-1", file=SPOKEN, response_format="text")
        assert str(text).strip() == "book the doctor"
        told = await made.create(model="whisper-1", file=SPOKEN, response_format="verbose_json")
        assert (told.language, round(float(told.duration), 1)) == ("english", 0.6)
        assert sims.ledger.total("audio_ms", place="audio.stt") == 3 * 600


async def test_scripted_utterances_come_file_by_file() -> None:
    script = (Utterance("पहला", "hi-IN"), Utterance("second"))
    ears = replace(SWIFT.ears, hear="script", script=script)
    async with running_providers(replace(SWIFT, ears=ears)) as sims, client_of(sims) as client:
        heard = [
            await client.audio.transcriptions.create(
                model="whisper-1", file=SPOKEN, response_format="verbose_json"
            )
            for _ in range(2)
        ]
        assert [(one.text, one.language) for one in heard] == [
            ("पहला", "hindi"),
            ("second", "english"),
        ]


@pytest.mark.parametrize(("form", "header_bytes"), [("pcm", 0), ("wav", 44)])
async def test_speech_is_streamed(form: str, header_bytes: int) -> None:
    async with running_providers(SWIFT) as sims, client_of(sims) as client:
        made = await client.audio.speech.create(
            model="kokoro", voice="af_heart", input="yes no", response_format=form
        )
        assert made.content[header_bytes:] == rendered("yes no", 24_000).tobytes()
        assert sims.ledger.total("characters", model="kokoro") == 6


async def test_speech_may_end_early() -> None:
    fault = Fault("audio.tts", "reset", after=2_000, unit="bytes")
    async with running_providers(SWIFT, [fault]) as sims, client_of(sims) as client:
        with pytest.raises(openai.APIConnectionError):
            await client.audio.speech.create(
                model="kokoro", voice="af_heart", input="yes no", response_format="pcm"
            )


async def test_sarvam_transcribes_files_of_at_most_30_seconds() -> None:
    headers = {"api-subscription-key": "key"}
    async with running_providers(SWIFT) as sims, aiohttp.ClientSession(headers=headers) as session:
        for sound, status in ((SPOKEN[1], 200), (write_wav(silence(30_100, 8_000), 8_000), 413)):
            form = aiohttp.FormData({"model": "saaras:v3", "language_code": "hi-IN"})
            form.add_field("file", sound, filename="speech.wav", content_type="audio/wav")
            async with session.post(sims.sarvam_url + "/speech-to-text", data=form) as answer:
                assert answer.status == status
                told = await answer.json()
            if status == 200:
                assert (told["transcript"], told["language_code"]) == ("book the doctor", "hi-IN")
                assert told["language_probability"] is None


@pytest.mark.parametrize("kind", ["stall", "fin", "reset", "malformed", "server_error"])
async def test_a_whole_answer_may_fail_too(kind: Any) -> None:
    fault = Fault("audio.stt", kind, after=10 if kind != "malformed" else 0, unit="bytes")
    async with running_providers(SWIFT, [fault]) as sims, client_of(sims) as client:
        with pytest.raises((openai.APIError, ValueError, TimeoutError)):
            async with asyncio.timeout(1):
                await client.audio.transcriptions.create(model="whisper-1", file=SPOKEN)
        assert sims.ledger.requests("audio.stt")[0].outcome in ("failed", "finished")
