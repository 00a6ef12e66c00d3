"""Stand-ins for paid speech and language services, with a script and with delays."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    llm,
    stt,
    tts,
    utils,
)

from callmissed.domain.models import Candidate, Engine, Model, ModelStatus, Route, Service
from callmissed.kit.breaker import Breaker
from callmissed.providers import Models

LOUD = 500
SEGMENT_SILENCE_S = 0.2


class ScriptedSTT(stt.STT):
    """Hears one text of its script for each stretch of sound, `delay_s` after its end."""

    def __init__(self, texts: Sequence[str], delay_s: float = 0.25) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=True, offline_recognize=False
            )
        )
        self.texts = list(texts)
        self.delay_s = delay_s

    def language_of(self, text: str) -> str:
        return "en"

    async def _recognize_impl(self, buffer, *, language=NOT_GIVEN, conn_options):
        raise NotImplementedError

    def stream(self, *, language=NOT_GIVEN, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return _ScriptedSTTStream(stt=self, conn_options=conn_options)


class _ScriptedSTTStream(stt.RecognizeStream):
    async def _run(self) -> None:
        speaking, silent_s = False, 0.0
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                continue
            loud = bool(np.abs(np.frombuffer(frame.data, dtype=np.int16)).max(initial=0) > LOUD)
            if loud:
                if not speaking and self._stt.texts:
                    self._tell(stt.SpeechEventType.INTERIM_TRANSCRIPT, self._first_word())
                speaking, silent_s = True, 0.0
            elif speaking:
                silent_s += frame.duration
                if silent_s >= max(SEGMENT_SILENCE_S, self._stt.delay_s):
                    speaking = False
                    if self._stt.texts:
                        self._tell(stt.SpeechEventType.FINAL_TRANSCRIPT, self._stt.texts.pop(0))

    def _first_word(self) -> str:
        return self._stt.texts[0].split()[0]

    def _tell(self, kind: stt.SpeechEventType, text: str) -> None:
        language = self._stt.language_of(text)
        data = stt.SpeechData(language=language, text=text, confidence=1.0)
        self._event_ch.send_nowait(stt.SpeechEvent(type=kind, alternatives=[data]))


class ScriptedLLM(llm.LLM):
    """Answers with its replies in order, word by word; an empty one says nothing, None fails."""

    def __init__(
        self, replies: Sequence[str | None], first_s: float = 0.1, word_s: float = 0.01
    ) -> None:
        super().__init__()
        self.replies = list(replies)
        self.first_s = first_s
        self.word_s = word_s
        self.asked: list[llm.ChatContext] = []

    def chat(self, *, chat_ctx, tools=None, conn_options=DEFAULT_API_CONNECT_OPTIONS, **_more):
        self.asked.append(chat_ctx.copy())
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return _ScriptedLLMStream(
            self, reply, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options
        )


class _ScriptedLLMStream(llm.LLMStream):
    def __init__(self, owner: ScriptedLLM, reply: str | None, **more) -> None:
        super().__init__(owner, **more)
        self._reply = reply

    async def _run(self) -> None:
        if self._reply is None:
            raise APIConnectionError("scripted failure", retryable=False)
        await asyncio.sleep(self._llm.first_s)
        for index, word in enumerate(self._reply.split()):
            text = word if index == 0 else f" {word}"
            delta = llm.ChoiceDelta(role="assistant", content=text)
            self._event_ch.send_nowait(llm.ChatChunk(id="reply", delta=delta))
            await asyncio.sleep(self._llm.word_s)


@dataclass
class ToneTTS(tts.TTS):
    """A tone of 0.12 s a word behind 60 ms of silence, made at once after `first_s`. Texts that hold
    `fails_at` cannot be said.
    """

    first_s: float = 0.1
    rate_hz: int = 16000
    fails: bool = False
    fails_at: str = "\0"
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=self.rate_hz,
            num_channels=1,
        )

    __hash__ = object.__hash__

    def synthesize(self, text, *, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return _ToneStream(tts=self, input_text=text, conn_options=conn_options)


class _ToneStream(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        if self._tts.fails or self._tts.fails_at in self._input_text:
            raise APIConnectionError("scripted failure", retryable=False)
        self._tts.said.append(self._input_text)
        await asyncio.sleep(self._tts.first_s)
        rate_hz = self._tts.sample_rate
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=rate_hz,
            num_channels=1,
            mime_type="audio/pcm",
        )
        count = int(rate_hz * 0.12 * len(self._input_text.split()))
        tone = np.sin(np.arange(count) * 2 * np.pi * 220 / rate_hz) * 3000
        quiet = np.zeros(int(rate_hz * 0.06), np.int16)
        output_emitter.push(np.concatenate([quiet, tone.astype(np.int16)]).tobytes())
        output_emitter.flush()


class StreamingToneTTS(tts.TTS):
    """The same tone from one stream for a whole reply, piece after piece as it is flushed."""

    def __init__(self, rate_hz: int = 16000) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=True), sample_rate=rate_hz, num_channels=1
        )
        self.pieces: list[str] = []

    def synthesize(self, text, *, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return self._synthesize_with_stream(text, conn_options=conn_options)

    def stream(self, *, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return _ToneReplyStream(tts=self, conn_options=conn_options)


class _ToneReplyStream(tts.SynthesizeStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        rate_hz = self._tts.sample_rate
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=rate_hz,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
        )
        output_emitter.start_segment(segment_id=utils.shortuuid())
        async for text in self._input_ch:
            if isinstance(text, str):
                self._mark_started()
                self._tts.pieces.append(text)
                count = int(rate_hz * 0.12 * len(text.split()))
                tone = np.sin(np.arange(count) * 2 * np.pi * 220 / rate_hz) * 3000
                output_emitter.push(tone.astype(np.int16).tobytes())
        output_emitter.end_input()


def scripted_models(
    heard: Sequence[str],
    replies: Sequence[str | None],
    *,
    first_token_s: float = 0.1,
    voice: tts.TTS | None = None,
) -> Models:
    return Models(
        stt=(_candidate(ROUTE.stt, ScriptedSTT(heard)),),
        llm=(_candidate(ROUTE.llm, ScriptedLLM(replies, first_token_s)),),
        tts=(_candidate(ROUTE.tts, voice or ToneTTS()),),
    )


def _candidate(model: Model, engine: Engine) -> Candidate[Engine]:
    return Candidate(model, engine, Breaker(time.monotonic))


def _model(service: Service) -> Model:
    return Model(
        id=f"scripted/{service}",
        service=service,
        provider="local",
        upstream="scripted",
        status=ModelStatus.AVAILABLE,
        languages=("en",),
    )


ROUTE = Route(
    stt=_model(Service.STT),
    llm=_model(Service.LLM),
    tts=_model(Service.TTS),
    voice="tone",
    language="en-IN",
    tts_language="en-IN",
)
