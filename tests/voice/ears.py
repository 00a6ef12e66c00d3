"""Recognisers that hear words said in tones, and fail when they are told to; and who speaks to
them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    APIStatusError,
    stt,
)

from callmissed.dev.tones import Decoder, encode
from callmissed.domain.models import Candidate, Model, ModelStatus, Service
from callmissed.kit.breaker import Breaker
from callmissed.voice.hearing import ResilientSTT

RATE_HZ = 16000
FRAME_S = 0.02
FRAME = int(RATE_HZ * FRAME_S)
VAD_LATE_S = 0.1
VAD_SILENCE_S = 0.25

Kind = Literal["error", "end", "stall", "never_final", "refuse", "refuse_this", "odd_error"]


@dataclass(frozen=True)
class Failing:
    """How a connection fails once it has heard so much sound; `refuse` at once."""

    kind: Kind
    after_s: float = 0.0


@dataclass
class ToneEars(stt.STT):
    """Tells each word as it is said, and all of them when it is flushed or after `silence_s`.

    The connections fail as `failings` say, in their order; None is one that works, as are all
    behind the last.
    """

    failings: Sequence[Failing | None] = ()
    tells_partials: bool = True
    is_flushed: bool = True
    final_after_s: float = 0.25
    silence_s: float = 0.6
    tells_ends: bool = True
    says_nothing_of_noise: bool = False
    finds_no_words: bool = False
    language: str = "en-IN"
    connections: int = 0
    heard_s: list[float] = field(default_factory=list)
    closed: int = 0

    def __post_init__(self) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True,
                interim_results=self.tells_partials,
                offline_recognize=False,
                manual_flush=self.is_flushed,
            )
        )

    __hash__ = object.__hash__

    async def _recognize_impl(self, buffer, *, language=NOT_GIVEN, conn_options):
        raise NotImplementedError

    def stream(self, *, language=NOT_GIVEN, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        self.connections += 1
        failing = None
        if self.connections <= len(self.failings):
            failing = self.failings[self.connections - 1]
        return _ToneStream(self, failing, conn_options)


class _ToneStream(stt.RecognizeStream):
    def __init__(self, owner: ToneEars, failing: Failing | None, conn_options) -> None:
        super().__init__(stt=owner, conn_options=conn_options)
        self._owner = owner
        self._failing = failing
        self._decoder = Decoder(RATE_HZ)
        self._heard_s = self._quiet_s = 0.0
        self._words: list[str] = []

    async def _run(self) -> None:
        try:
            if self._failing is not None and self._failing.kind == "refuse":
                raise APIStatusError("refused", status_code=403, retryable=False)
            if self._failing is not None and self._failing.kind == "refuse_this":
                raise APIStatusError("refused", status_code=422, retryable=False)
            async for item in self._input_ch:
                if self._breaks():
                    return
                if isinstance(item, rtc.AudioFrame):
                    self._hear(item)
                    if self._words and self._quiet_s >= self._owner.silence_s:
                        await self._finish(wait_s=0.05)
                elif self._add_rest() or not self._owner.says_nothing_of_noise:
                    await self._finish(wait_s=self._owner.final_after_s)
        finally:
            self._owner.closed += 1
            self._owner.heard_s.append(self._heard_s)

    def _breaks(self) -> bool:
        failing = self._failing
        if failing is None or self._heard_s < failing.after_s:
            return False
        if failing.kind == "error":
            raise APIConnectionError("scripted failure")
        if failing.kind == "odd_error":
            raise ExceptionGroup("scripted failures", [ValueError("odd"), KeyError("odder")])
        return failing.kind == "end"

    @property
    def _is_stalled(self) -> bool:
        failing = self._failing
        return failing is not None and failing.kind == "stall" and self._heard_s >= failing.after_s

    def _hear(self, frame: rtc.AudioFrame) -> None:
        self._heard_s += frame.duration
        pcm = np.frombuffer(frame.data, np.int16)
        is_loud = bool(np.abs(pcm).max(initial=0) > 200)
        self._quiet_s = 0.0 if is_loud else self._quiet_s + frame.duration
        words = [heard.word for heard in self._decoder.push(pcm)]
        self._add([] if self._owner.finds_no_words else words)

    def _add(self, words: list[str]) -> None:
        self._words += words
        if words and self._owner.tells_partials:
            self._tell(stt.SpeechEventType.INTERIM_TRANSCRIPT, " ".join(self._words))

    def _add_rest(self) -> bool:
        """Whether there are words that are not final."""
        words = [heard.word for heard in self._decoder.flush()]
        self._add([] if self._owner.finds_no_words else words)
        return bool(self._words)

    async def _finish(self, wait_s: float) -> None:
        self._add_rest()
        end_s = self._heard_s
        await asyncio.sleep(wait_s)
        text, self._words = " ".join(self._words), []
        if self._failing is not None and self._failing.kind == "never_final":
            return
        self._tell(stt.SpeechEventType.FINAL_TRANSCRIPT, text, end_s)

    def _tell(self, kind: stt.SpeechEventType, text: str, end_s: float = 0.0) -> None:
        if self._is_stalled:
            return
        data = stt.SpeechData(
            language=self._owner.language,
            text=text,
            end_time=end_s if self._owner.tells_ends else 0.0,
            confidence=1.0,
        )
        self._event_ch.send_nowait(stt.SpeechEvent(type=kind, alternatives=[data]))


class Hearing:
    """Recognisers that take over from one another, and a caller who speaks to them."""

    def __init__(self, *engines: stt.STT) -> None:
        clock = asyncio.get_running_loop().time
        self.clock = clock
        self.candidates = [
            Candidate(_model(f"ears-{place}"), engine, Breaker(clock))
            for place, engine in enumerate(engines)
        ]
        self.deaf_at_s: list[float] = []
        self.late_at_s: list[float] = []
        self.lost: list[str] = []
        self.ears = ResilientSTT(
            self.candidates,
            on_late=lambda: self.late_at_s.append(clock()),
            on_deaf=lambda: self.deaf_at_s.append(clock()),
            on_lost=self.lost.append,
        )
        self.stream = self.ears.stream()
        self.events: list[tuple[float, stt.SpeechEvent]] = []
        self.ended_s = 0.0
        self._reading = asyncio.create_task(self._read())

    @property
    def finals(self) -> list[str]:
        return [event.alternatives[0].text for _, event in self._told_finals()]

    @property
    def words(self) -> list[str]:
        return " ".join(self.finals).split()

    @property
    def final_at_s(self) -> list[float]:
        """Seconds from the caller's last sound to each final."""
        return [at_s - self.ended_s for at_s, _ in self._told_finals()]

    async def say(self, text: str, then_quiet_s: float = 1.0, before_s: float = 0.4) -> None:
        """Speaks in real time; our voice detector tells, late, when speech begins and ends."""
        await self.be_quiet(before_s)
        onset_s = self.clock()
        asyncio.get_running_loop().call_at(onset_s + VAD_LATE_S, self.ears.note_speech)
        await self._push(encode(text, RATE_HZ))
        self.ended_s = self.clock() - 0.05
        asyncio.get_running_loop().call_at(self.ended_s + VAD_SILENCE_S, self._note_silence)
        await self.be_quiet(then_quiet_s)

    async def make_noise(self, for_s: float, then_quiet_s: float = 1.0) -> None:
        """Takes our voice detector in; there is no word in it."""
        random = np.random.default_rng(1)
        noise = random.integers(-3000, 3000, int(for_s * RATE_HZ)).astype(np.int16)
        asyncio.get_running_loop().call_later(VAD_LATE_S, self.ears.note_speech)
        await self._push(noise)
        self.ended_s = self.clock()
        asyncio.get_running_loop().call_later(VAD_SILENCE_S, self._note_silence)
        await self.be_quiet(then_quiet_s)

    async def be_quiet(self, for_s: float) -> None:
        await self._push(np.zeros(int(for_s * RATE_HZ), np.int16))

    async def aclose(self) -> None:
        await self.stream.aclose()
        await asyncio.wait([self._reading])

    def _told_finals(self) -> list[tuple[float, stt.SpeechEvent]]:
        return [
            (at_s, event)
            for at_s, event in self.events
            if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT and event.alternatives[0].text
        ]

    def _note_silence(self) -> None:
        self.ears.note_silence(VAD_SILENCE_S)
        self.stream.flush()

    async def _push(self, pcm: np.ndarray) -> None:
        for start in range(0, len(pcm), FRAME):
            piece = pcm[start : start + FRAME]
            self.stream.push_frame(rtc.AudioFrame(piece.tobytes(), RATE_HZ, 1, len(piece)))
            await asyncio.sleep(len(piece) / RATE_HZ)

    async def _read(self) -> None:
        async for event in self.stream:
            self.events.append((self.clock(), event))


def _model(model_id: str) -> Model:
    return Model(
        id=model_id,
        service=Service.STT,
        provider="local",
        upstream="tones",
        status=ModelStatus.AVAILABLE,
        languages=(),
    )
