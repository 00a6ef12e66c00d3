"""Pipecat as it comes from PyPI, in an environment of its own.

As its command line lays a bot out: Silero voice activity, the bundled Smart Turn model, sentences,
metrics and RTVI on. `--option minimal`: the provider says when a turn begins and ends, no voice
activity, no model, tokens straight to speech.
"""

import asyncio
import sys
from typing import Any

from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    OutputAudioRawFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    StartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TextAggregationMode, TTSService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

from bench.loop.contract import (
    IN_HZ,
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
from bench.loop.running import parse_arguments, run

VAD_STOP_S = 0.2
FINAL_P99_S = 0.35


class Microphone(BaseInputTransport):
    def __init__(self, params: TransportParams) -> None:
        super().__init__(params)
        self.ready = asyncio.Event()

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self.ready.set()


class Ear(BaseOutputTransport):
    """Paced as its websocket transport is: write, then sleep one chunk."""

    def __init__(self, seat: Seat, params: TransportParams) -> None:
        super().__init__(params)
        self._seat = seat
        self._due_s = 0.0
        self._chunk_s = 0.02

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._chunk_s = self.audio_chunk_size / 2 / self.sample_rate

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        self._seat.note_audio()
        wait_s = max(0.0, self._due_s - now_s())
        await asyncio.sleep(wait_s)
        self._due_s = (now_s() if wait_s == 0 else self._due_s) + self._chunk_s
        return True


class Ears(STTService):
    def __init__(self) -> None:
        super().__init__(
            sample_rate=IN_HZ,
            ttfs_p99_latency=FINAL_P99_S,
            settings=STTSettings(model=None, language=None),
        )

    async def run_stt(self, audio: bytes) -> Any:
        yield None


class Mind(LLMService):
    def __init__(self, seat: Seat) -> None:
        super().__init__(
            settings=LLMSettings(
                model="oracle",
                system_instruction=None,
                temperature=None,
                max_tokens=None,
                top_p=None,
                top_k=None,
                frequency_penalty=None,
                presence_penalty=None,
                seed=None,
                filter_incomplete_user_turns=False,
                user_turn_completion_config=None,
            )
        )
        self._seat = seat

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        try:
            await self.push_frame(LLMFullResponseStartFrame())
            asked_s = now_s()
            self._seat.note_llm()
            for index, token in enumerate(TOKENS):
                await sleep_until(asked_s + LLM_FIRST_S + index / TOKENS_PER_S)
                await self._push_llm_text(token)
        finally:
            await self.push_frame(LLMFullResponseEndFrame())


class Mouth(TTSService):
    """As its websocket services: `run_tts` only asks, a task of its own streams the sound back."""

    def __init__(self, seat: Seat, *, by_token: bool) -> None:
        super().__init__(
            sample_rate=OUT_HZ,
            push_start_frame=True,
            push_text_frames=True,
            text_aggregation_mode=(
                TextAggregationMode.TOKEN if by_token else TextAggregationMode.SENTENCE
            ),
            settings=TTSSettings(model=None, voice="oracle", language=None),
        )
        self._seat = seat
        self._asked: asyncio.Queue[tuple[str | None, str, float]] = asyncio.Queue()
        self._dropped: set[str] = set()

    def can_generate_metrics(self) -> bool:
        return True

    async def setup(self, setup: Any) -> None:
        await super().setup(setup)
        self._serving = self.create_task(self._serve())

    async def cleanup(self) -> None:
        await super().cleanup()
        await self.cancel_task(self._serving)

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        self._dropped.add(context_id)
        await super().on_audio_context_interrupted(context_id)

    async def flush_audio(self, context_id: str | None = None) -> None:
        self._asked.put_nowait((None, context_id or "", now_s()))

    async def run_tts(self, text: str, context_id: str) -> Any:
        self._seat.note_tts()
        self._asked.put_nowait((text, context_id, now_s()))
        yield None

    async def _serve(self) -> None:
        free_s: dict[str, float] = {}
        while True:
            text, context, at_s = await self._asked.get()
            if text is None:
                free_s.pop(context, None)
                if self.audio_context_available(context):
                    await self.append_to_audio_context(context, TTSStoppedFrame(context_id=context))
                    await self.remove_audio_context(context)
                continue
            due_s = max(free_s.get(context, 0.0), at_s + TTS_FIRST_S)
            count = max(1, round(len(text.split()) * WORD_S / TTS_CHUNK_S))
            for index in range(count):
                await sleep_until(due_s + index * TTS_CHUNK_EVERY_S)
                if context in self._dropped or not self.audio_context_available(context):
                    break
                frame = TTSAudioRawFrame(VOICE[index % len(VOICE)], OUT_HZ, 1, context_id=context)
                await self.append_to_audio_context(context, frame)
            free_s[context] = due_s + count * TTS_CHUNK_EVERY_S


class PipecatSeat(Seat):
    def __init__(self, *, minimal: bool) -> None:
        self._minimal = minimal

    async def open(self) -> None:
        params = TransportParams(audio_in_enabled=True, audio_out_enabled=True)
        self._microphone, self._ears = Microphone(params), Ears()
        pair = LLMContextAggregatorPair(
            LLMContext([{"role": "system", "content": "You are a helpful voice assistant."}]),
            user_params=self._turn_taking(),
        )
        pipeline = Pipeline(
            [
                self._microphone,
                self._ears,
                pair.user(),
                Mind(self),
                Mouth(self, by_token=self._minimal),
                Ear(self, params),
                pair.assistant(),
            ]
        )
        worker = PipelineWorker(
            pipeline,
            params=PipelineParams(
                audio_in_sample_rate=IN_HZ,
                audio_out_sample_rate=OUT_HZ,
                enable_metrics=True,
                enable_usage_metrics=True,
            ),
            cancel_on_idle_timeout=False,
        )
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        self._running = asyncio.create_task(runner.run())
        await asyncio.wait_for(self._microphone.ready.wait(), 60)

    def _turn_taking(self) -> LLMUserAggregatorParams:
        if self._minimal:
            return LLMUserAggregatorParams(user_turn_strategies=ExternalUserTurnStrategies())
        vad = SileroVADAnalyzer(params=VADParams(stop_secs=VAD_STOP_S))
        return LLMUserAggregatorParams(vad_analyzer=vad)

    async def push(self, pcm: bytes) -> None:
        frame = InputAudioRawFrame(audio=pcm, sample_rate=IN_HZ, num_channels=1)
        await self._microphone.push_audio_frame(frame)

    async def begin_turn(self) -> None:
        if self._minimal:
            await self._ears.broadcast_frame(ProposedUserStartedSpeakingFrame)

    async def hear_partial(self, words: str) -> None:
        frame = InterimTranscriptionFrame(words, "caller", time_now_iso8601())
        await self._ears.push_frame(frame)

    async def hear_final(self, words: str) -> None:
        frame = TranscriptionFrame(words, "caller", time_now_iso8601(), finalized=True)
        await self._ears.push_frame(frame)
        if self._minimal:
            await self._ears.broadcast_frame(ProposedUserStoppedSpeakingFrame)


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    minimal = "minimal" in parse_arguments().option
    name = "pipecat minimal" if minimal else "pipecat default"
    run(name, lambda: PipecatSeat(minimal=minimal))
