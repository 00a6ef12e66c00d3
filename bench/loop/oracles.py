"""Speech and language services for LiveKit Agents' interfaces, on the contract's delays."""

import asyncio
from typing import Any

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, llm, stt, tts, utils

from bench.loop.contract import (
    LLM_FIRST_S,
    OUT_HZ,
    TOKENS,
    TOKENS_PER_S,
    TTS_CHUNK_EVERY_S,
    TTS_CHUNK_S,
    TTS_FIRST_S,
    VOICE,
    WORD_S,
    Seat,
    now_s,
    sleep_until,
)


class OracleSTT(stt.STT):
    """Its words come from outside: `tell` puts them into the open stream."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=True, offline_recognize=False
            )
        )
        self._stream: _OracleSTTStream | None = None

    async def _recognize_impl(
        self, buffer: Any, *, language: Any = NOT_GIVEN, conn_options: Any
    ) -> Any:
        raise NotImplementedError

    def stream(
        self, *, language: Any = NOT_GIVEN, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS
    ) -> "_OracleSTTStream":
        self._stream = _OracleSTTStream(stt=self, conn_options=conn_options)
        return self._stream

    def tell(self, kind: stt.SpeechEventType, words: str) -> None:
        if self._stream is None:
            return
        data = stt.SpeechData(language="en-IN", text=words, confidence=1.0)
        self._stream.tell(stt.SpeechEvent(type=kind, request_id="oracle", alternatives=[data]))


class _OracleSTTStream(stt.RecognizeStream):
    async def _run(self) -> None:
        async for _frame in self._input_ch:
            pass

    def tell(self, event: stt.SpeechEvent) -> None:
        self._event_ch.send_nowait(event)


class OracleLLM(llm.LLM):
    def __init__(self, seat: Seat) -> None:
        super().__init__()
        self.seat = seat

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: Any = None,
        conn_options: Any = DEFAULT_API_CONNECT_OPTIONS,
        **_options: Any,
    ) -> llm.LLMStream:
        return _OracleLLMStream(
            self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options
        )


class _OracleLLMStream(llm.LLMStream):
    async def _run(self) -> None:
        asked_s = now_s()
        assert isinstance(self._llm, OracleLLM)
        self._llm.seat.note_llm()
        for index, token in enumerate(TOKENS):
            await sleep_until(asked_s + LLM_FIRST_S + index / TOKENS_PER_S)
            delta = llm.ChoiceDelta(role="assistant", content=token)
            self._event_ch.send_nowait(llm.ChatChunk(id="oracle", delta=delta))


class OracleTTS(tts.TTS):
    def __init__(self, seat: Seat) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=True), sample_rate=OUT_HZ, num_channels=1
        )
        self.seat = seat

    def synthesize(self, text: str, *, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS) -> Any:
        raise NotImplementedError

    def stream(self, *, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS) -> "_OracleTTSStream":
        return _OracleTTSStream(tts=self, conn_options=conn_options)


class _OracleTTSStream(tts.SynthesizeStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id="oracle",
            sample_rate=OUT_HZ,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
            frame_size_ms=int(TTS_CHUNK_S * 1000),
        )
        output_emitter.start_segment(segment_id=utils.shortuuid())
        asked: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue()
        reading = asyncio.create_task(self._read(asked))
        free_s = 0.0
        try:
            while (item := await asked.get()) is not None:
                at_s, text = item
                due_s = max(free_s, at_s + TTS_FIRST_S)
                count = max(1, round(len(text.split()) * WORD_S / TTS_CHUNK_S))
                for index in range(count):
                    await sleep_until(due_s + index * TTS_CHUNK_EVERY_S)
                    output_emitter.push(VOICE[index % len(VOICE)])
                free_s = due_s + count * TTS_CHUNK_EVERY_S
        finally:
            await utils.aio.cancel_and_wait(reading)

    async def _read(self, asked: "asyncio.Queue[tuple[float, str] | None]") -> None:
        assert isinstance(self._tts, OracleTTS)
        async for text in self._input_ch:
            if isinstance(text, str) and text.strip():
                self._tts.seat.note_tts()
                self._mark_started()
                asked.put_nowait((now_s(), text))
        asked.put_nowait(None)
