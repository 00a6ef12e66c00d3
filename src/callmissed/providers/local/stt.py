"""Speech recognition on this machine: English, streaming, without a key (LiveKit Agents
`stt.STT`, 1.8).
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Never

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectionError, APIError, stt, utils
from livekit.agents.language import LanguageCode
from livekit.agents.types import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    NotGivenOr,
)
from livekit.agents.utils import AudioBuffer

from callmissed.kit.pcm import Resampler
from callmissed.providers.local.choosing import choose_reading, stems_in
from callmissed.providers.local.decoders import DecoderLostError, DecoderPool
from callmissed.providers.local.gate import RATE_HZ, SpeechGate, Step
from callmissed.providers.local.utterance import Utterance

MAX_REPLAYED_S = 8.0
MAX_UTTERANCE_S = 30.0
FORGET_UNCLAIMED_S = 3.0
LEAST_VOICE_S = 0.8
MAX_WAITING_TURNS = 100

_Kind = stt.SpeechEventType


class LocalSTT(stt.STT[Never]):
    """pocketsphinx behind LiveKit's interface; one object a session over a pool that the process
    shares.

    A final transcript comes with each flush, also an empty one where nobody was heard: the
    session's own voice detector flushes, and sound that it does not take for speech never becomes
    words. `about` are texts whose words are likely to be spoken. `final_timeout_s` is how long the
    words of one utterance may take on a busy machine.
    """

    final_timeout_s = 5.0

    def __init__(
        self, pool: DecoderPool, *, language: str = "en", about: Iterable[str] = ()
    ) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=True, offline_recognize=False, manual_flush=True
            )
        )
        self._pool = pool
        self._language = language
        self._known = stems_in(about)

    @property
    def model(self) -> str:
        return "pocketsphinx"

    @property
    def provider(self) -> str:
        return "local"

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> "LocalSTTStream":
        """`language` is only what the transcripts are marked with: the acoustic model is
        English.
        """
        spoken = language if isinstance(language, str) else self._language
        return LocalSTTStream(self, self._pool, spoken, self._known, conn_options)

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        raise APIError("recognition of whole recordings goes through stream()", retryable=False)


@dataclass(slots=True)
class _Turn:
    """The utterances between two flushes, and when they were spoken, in seconds of the stream."""

    utterances: list[Utterance] = field(default_factory=list)
    started_s: float = 0.0
    ended_s: float = 0.0


class LocalSTTStream(stt.RecognizeStream):
    """One caller's sound. Nothing is decoded while nobody speaks."""

    def __init__(
        self,
        owner: LocalSTT,
        pool: DecoderPool,
        language: str,
        known: frozenset[str],
        conn_options: APIConnectOptions,
    ) -> None:
        super().__init__(stt=owner, conn_options=conn_options)
        self._pool = pool
        self._language = LanguageCode(language)
        self._known = known
        self._means = ""

    async def _run(self) -> None:
        """Raises APIConnectionError when the decoders fail; the framework then calls this again."""
        self._gate = SpeechGate()
        self._turn = _Turn()
        self._finished: asyncio.Queue[_Turn | None] = asyncio.Queue(MAX_WAITING_TURNS)
        self._to_16k: Resampler | None = None
        self._clock_s = self._start_time_offset
        self._request_id = utils.shortuuid()
        lost: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._announce_turns())
        except* DecoderLostError as failures:
            lost = failures
        finally:
            await self._discard(self._turn)
            while not self._finished.empty():
                if (turn := self._finished.get_nowait()) is not None:
                    await self._discard(turn)
        if lost is not None:
            raise APIConnectionError("speech recognition failed on this machine") from lost

    async def _listen(self) -> None:
        waiting = bytearray()
        async for item in self._input_ch:
            if isinstance(item, rtc.AudioFrame):
                waiting += self._to_decoder_rate(item)
                while len(waiting) >= self._gate.frame_bytes:
                    await self._take_frame(bytes(waiting[: self._gate.frame_bytes]))
                    del waiting[: self._gate.frame_bytes]
            else:
                await self._end_turn()
        await self._finished.put(None)

    def _to_decoder_rate(self, frame: rtc.AudioFrame) -> bytes:
        if frame.sample_rate == RATE_HZ:
            return bytes(frame.data)
        if self._to_16k is None:
            self._to_16k = Resampler(frame.sample_rate, RATE_HZ)
        return self._to_16k.push(np.frombuffer(frame.data, dtype=np.int16)).tobytes()

    async def _take_frame(self, frame: bytes) -> None:
        self._clock_s += len(frame) / 2 / RATE_HZ
        step, sound = self._gate.push(frame)
        if step is Step.STARTED:
            await self._begin(sound)
            return
        if step is Step.RESUMED:
            self._resume(sound)
        elif sound:
            self._current.hear(sound)
        if step is Step.PAUSED:
            self._turn.ended_s = self._clock_s
        if step in (Step.PAUSED, Step.ENDED):
            self._current.pause()
        elif self._gate.is_open and self._current.spoken_s > MAX_UTTERANCE_S:
            self._current.pause()
            self._add_utterance(b"")

    @property
    def _current(self) -> Utterance:
        return self._turn.utterances[-1]

    async def _begin(self, sound: bytes) -> None:
        if self._turn.utterances and self._clock_s - self._turn.ended_s > FORGET_UNCLAIMED_S:
            await self._discard(self._turn)
            self._turn = _Turn()
        if not self._turn.utterances:
            self._turn.started_s = self._clock_s - len(sound) / 2 / RATE_HZ
            self._request_id = utils.shortuuid()
        self._emit(_Kind.START_OF_SPEECH)
        self._add_utterance(sound)

    def _resume(self, sound: bytes) -> None:
        """A short pause belongs to the utterance; after a long one a new utterance is cheaper
        than starting again.
        """
        if self._current.spoken_s > MAX_REPLAYED_S:
            self._add_utterance(sound)
            return
        self._current.resume()
        self._current.hear(sound)

    def _add_utterance(self, sound: bytes) -> None:
        self._turn.utterances.append(Utterance(self._pool, self._means, sound, self._emit_partial))

    async def _end_turn(self) -> None:
        if self._gate.is_open:
            self._turn.ended_s = self._clock_s
        self._gate.close()
        turn, self._turn = self._turn, _Turn()
        await self._finished.put(turn)

    async def _announce_turns(self) -> None:
        """Final words in the order in which the turns were spoken."""
        while (turn := await self._finished.get()) is not None:
            texts = []
            try:
                for utterance in turn.utterances:
                    heard = await utterance.finished()
                    if heard.readings and utterance.spoken_s >= LEAST_VOICE_S:
                        self._means = heard.means
                    texts.append(choose_reading(heard.readings, self._known))
            finally:
                await self._discard(turn)
            text = " ".join(part for part in texts if part)
            self._emit(_Kind.FINAL_TRANSCRIPT, text, turn)
            if turn.utterances:
                self._emit(_Kind.END_OF_SPEECH)
                self._emit_usage(sum(utterance.spoken_s for utterance in turn.utterances))

    async def _discard(self, turn: _Turn) -> None:
        for utterance in turn.utterances:
            await utterance.discard()

    def _emit_partial(self, text: str) -> None:
        self._emit(_Kind.INTERIM_TRANSCRIPT, text, self._turn)

    def _emit(self, kind: stt.SpeechEventType, text: str = "", turn: _Turn | None = None) -> None:
        if self._event_ch.closed:
            return
        words = [] if turn is None else [self._spoken(text, turn)]
        self._event_ch.send_nowait(
            stt.SpeechEvent(type=kind, request_id=self._request_id, alternatives=words)
        )

    def _spoken(self, text: str, turn: _Turn) -> stt.SpeechData:
        return stt.SpeechData(
            language=self._language,
            text=text,
            start_time=turn.started_s,
            end_time=turn.ended_s,
            confidence=1.0 if text else 0.0,
        )

    def _emit_usage(self, spoken_s: float) -> None:
        usage = stt.RecognitionUsage(audio_duration=spoken_s)
        self._event_ch.send_nowait(
            stt.SpeechEvent(
                type=_Kind.RECOGNITION_USAGE, request_id=self._request_id, recognition_usage=usage
            )
        )
