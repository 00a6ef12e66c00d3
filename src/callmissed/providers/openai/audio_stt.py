"""Speech to text over `POST /audio/transcriptions` (OpenAI API reference, "Create transcription"):
OpenAI, or a server of one's own, as faster-whisper-server or Speaches.

A model's options are `audio_options.HearingOptions`.
"""

import asyncio
from dataclasses import dataclass
from typing import Never

import aiohttp
import numpy as np
from livekit import rtc
from livekit.agents import APIError, stt, utils
from livekit.agents.language import LanguageCode
from livekit.agents.types import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    NotGivenOr,
)
from livekit.agents.utils import AudioBuffer

from callmissed.domain.models import Access, Model, Service
from callmissed.domain.usage import Measure, Meter, Usage
from callmissed.kit.wav import write_wav
from callmissed.providers.openai.audio_http import AudioEndpoint, read_whole
from callmissed.providers.openai.audio_options import HearingOptions
from callmissed.providers.openai.audio_words import Heard, read_transcription
from callmissed.providers.openai.chat_http import connection_errors
from callmissed.providers.openai.utterance_sound import RATE_HZ, Utterance, UtteranceSound
from callmissed.providers.options import read_options

ANSWER_TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 1 << 20
MAX_WAITING_UTTERANCES = 20


class OpenAIAudioSTT(stt.STT[Never]):
    """One call's ears. What is spoken between two flushes is posted at the second one: the
    session's own voice detector flushes.

    A final transcript comes with each flush, in their order, also an empty one where nothing
    sounded; there are no interim ones. Within `final_timeout_s` there are words or an error.
    """

    final_timeout_s = ANSWER_TIMEOUT_S + 1.0

    def __init__(
        self,
        model: Model,
        access: Access,
        session: aiohttp.ClientSession,
        *,
        language: str,
        meter: Meter,
    ) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=False, offline_recognize=False, manual_flush=True
            )
        )
        self._served = model
        self._access = access
        self._language = language
        self._meter = meter
        self._options = read_options(HearingOptions, model.options)
        self._endpoint = AudioEndpoint(session, access, self._options.path)

    @property
    def model(self) -> str:
        return self._served.id

    @property
    def provider(self) -> str:
        return self._access.provider.name

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> "OpenAIAudioStream":
        spoken = language if isinstance(language, str) else self._language
        return OpenAIAudioStream(self, spoken, conn_options)

    def prewarm(self) -> None:
        """Begins to open a connection."""
        self._endpoint.open_ahead()

    async def aclose(self) -> None:
        await self._endpoint.aclose()

    async def transcribe(self, utterance: Utterance, language: str) -> Heard:
        """Raises APIStatusError, APIConnectionError, APITimeoutError."""
        form = self._form(write_wav(utterance.samples, RATE_HZ), language)
        body = await form.as_bytes()

        def count() -> None:
            amount = utterance.duration_ms
            self._meter.add(Usage(Service.STT, self._served.id, Measure.AUDIO_MS, amount))

        kind = form.content_type
        with connection_errors():
            async with (
                asyncio.timeout(ANSWER_TIMEOUT_S) as due,
                self._endpoint.post(body, kind, due, count) as answer,
            ):
                return read_transcription(await read_whole(answer, MAX_ANSWER_BYTES))

    def _form(self, wav: bytes, language: str) -> aiohttp.MultipartWriter:
        options = self._options
        usual_format = "verbose_json" if options.detects_language else "json"
        fields = {
            "model": self._served.upstream,
            "response_format": options.response_format or usual_format,
            "temperature": "0",
        }
        if not options.detects_language:
            fields["language"] = language.split("-")[0].lower()
        if options.prompt:
            fields["prompt"] = options.prompt
        fields |= {name: str(value) for name, value in options.body.items()}
        form = aiohttp.MultipartWriter("form-data")
        for name, value in fields.items():
            form.append(value).set_content_disposition("form-data", name=name)
        sound = form.append(wav, {"Content-Type": "audio/wav"})
        sound.set_content_disposition("form-data", name="file", filename="utterance.wav")
        return form

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        raise APIError("recognition of whole recordings goes through stream()", retryable=False)


class OpenAIAudioStream(stt.RecognizeStream):
    """One caller's sound; nothing is sent while nobody speaks."""

    def __init__(
        self, owner: OpenAIAudioSTT, language: str, conn_options: APIConnectOptions
    ) -> None:
        super().__init__(stt=owner, conn_options=conn_options)
        self._owner = owner
        self._language = language

    async def _run(self) -> None:
        """Raises APIStatusError, APIConnectionError, APITimeoutError; what was not transcribed by
        then is lost.
        """
        waiting: asyncio.Queue[_Asked | None] = asyncio.Queue(MAX_WAITING_UTTERANCES)
        failed: list[Exception] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(waiting, tasks))
                tasks.create_task(self._tell(waiting))
        except* APIError as failures:
            failed.extend(failures.exceptions)
        if failed:
            raise failed[0]

    async def _listen(
        self, waiting: asyncio.Queue["_Asked | None"], tasks: asyncio.TaskGroup
    ) -> None:
        sound = UtteranceSound()
        async for item in self._input_ch:
            if isinstance(item, rtc.AudioFrame):
                sound.push(item)
            elif (spoken := sound.take()) is None:
                await waiting.put(_Asked(_NOTHING, None))
            else:
                heard = tasks.create_task(self._owner.transcribe(spoken, self._language))
                await waiting.put(_Asked(spoken, heard))
        await waiting.put(None)

    async def _tell(self, waiting: asyncio.Queue["_Asked | None"]) -> None:
        """In the order in which it was spoken."""
        while (asked := await waiting.get()) is not None:
            heard = Heard("") if asked.heard is None else await asked.heard
            self._emit(asked.utterance, heard)

    def _emit(self, utterance: Utterance, heard: Heard) -> None:
        if self._event_ch.closed:
            return
        request_id = utils.shortuuid()
        words = stt.SpeechData(
            language=LanguageCode(heard.language or self._language),
            text=heard.text,
            start_time=self.start_time_offset + utterance.started_s,
            end_time=self.start_time_offset + utterance.ended_s,
            confidence=1.0 if heard.text else 0.0,
        )
        kind = stt.SpeechEventType.FINAL_TRANSCRIPT
        self._event_ch.send_nowait(stt.SpeechEvent(kind, request_id, [words]))
        if utterance.duration_ms:
            usage = stt.RecognitionUsage(audio_duration=utterance.duration_ms / 1000)
            self._event_ch.send_nowait(
                stt.SpeechEvent(
                    stt.SpeechEventType.RECOGNITION_USAGE, request_id, recognition_usage=usage
                )
            )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was spoken between two flushes, and the transcription on its way, where one was asked
    for.
    """

    utterance: Utterance
    heard: asyncio.Task[Heard] | None


_NOTHING = Utterance(np.zeros(0, np.int16), 0.0, 0.0)
