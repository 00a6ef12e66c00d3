"""Language and speech models that fail in a planned way, and count what they delivered."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectionError,
    APIStatusError,
    llm,
    tts,
    utils,
)

from callmissed.domain.models import Candidate, Engine, Model, ModelStatus, Service
from callmissed.domain.usage import Measure, Meter, Usage
from callmissed.kit.breaker import Breaker
from callmissed.providers import NoMeter

Fault = Literal["refuse", "status", "hang", "stall", "break", "empty", "short"]
FAULTS: tuple[Fault, ...] = ("refuse", "status", "hang", "stall", "break", "empty")
EARLY: tuple[Fault, ...] = ("refuse", "status", "hang", "empty")
"""Those that come before anything was delivered."""

LETTER_S = 0.06
RATE_HZ = 16_000


@dataclass(frozen=True)
class Plan:
    """One request: fails after so many words; without a fault it succeeds."""

    fault: Fault | None = None
    after_words: int = 0


FINE = Plan()


def refusal(fault: Fault) -> Exception:
    if fault == "status":
        return APIStatusError("planned", status_code=503)
    return APIConnectionError("planned", retryable=False)


async def fail_early(plan: Plan) -> bool:
    """True where nothing is delivered and no error told."""
    if plan.fault in ("refuse", "status"):
        raise refusal(plan.fault)
    if plan.fault == "hang":
        await asyncio.Event().wait()
    return plan.fault == "empty"


async def fail_late(plan: Plan) -> None:
    if plan.fault == "stall":
        await asyncio.Event().wait()
    if plan.fault == "break":
        raise APIConnectionError("planned", retryable=False)


class PlannedLLM(llm.LLM):
    """Says the whole of `reply`; asked to go on, what follows the last `repeats` words of the
    assistant's last message (all of it from the beginning where `repeats` is None).
    """

    def __init__(
        self,
        reply: str,
        plans: Sequence[Plan] = (FINE,),
        *,
        name: str = "mind",
        first_s: float = 0.0,
        word_s: float = 0.0,
        repeats: int | None = 0,
        meter: Meter | None = None,
    ) -> None:
        super().__init__()
        self.reply = reply
        self.plans = list(plans)
        self.name = name
        self.first_s = first_s
        self.word_s = word_s
        self.repeats = repeats
        self.meter = meter or NoMeter()
        self.asked: list[llm.ChatContext] = []
        self.delivered_words = 0

    def chat(self, *, chat_ctx, tools=None, conn_options=DEFAULT_API_CONNECT_OPTIONS, **_more):
        self.asked.append(chat_ctx.copy())
        plan = self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]
        return _PlannedChat(
            self, plan, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options
        )

    def words_for(self, context: llm.ChatContext) -> list[str]:
        words = self.reply.split()
        messages = [item for item in context.items if isinstance(item, llm.ChatMessage)]
        users = [index for index, item in enumerate(messages) if item.role == "user"]
        said = [
            item.text_content or ""
            for item in messages[users[-1] if users else 0 :]
            if item.role == "assistant"
        ]
        if not said or self.repeats is None:
            return words
        return words[max(0, len(said[-1].split()) - self.repeats) :]


class _PlannedChat(llm.LLMStream):
    def __init__(self, owner: PlannedLLM, plan: Plan, **more) -> None:
        super().__init__(owner, **more)
        self._plan = plan

    async def _run(self) -> None:
        owner, given = self._llm, 0
        try:
            if await fail_early(self._plan):
                return
            await asyncio.sleep(owner.first_s)
            for word in owner.words_for(self._chat_ctx):
                if self._plan.fault is not None and given >= self._plan.after_words:
                    await fail_late(self._plan)
                given += 1
                owner.delivered_words += 1
                delta = llm.ChoiceDelta(role="assistant", content=f"{word} ")
                self._event_ch.send_nowait(llm.ChatChunk(id="planned", delta=delta))
                await asyncio.sleep(owner.word_s)
        finally:
            owner.meter.add(Usage(Service.LLM, owner.name, Measure.OUTPUT_TOKENS, given))


@dataclass
class PlannedTTS(tts.TTS):
    """A tone as long as each word's letters and a space, one every `word_s`."""

    plans: list[Plan] = field(default_factory=lambda: [FINE])
    name: str = "mouth"
    first_s: float = 0.0
    word_s: float = 0.0
    rate_hz: int = RATE_HZ
    meter: Meter = field(default_factory=NoMeter)
    said: list[str] = field(default_factory=list)
    characters: int = 0

    def __post_init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=self.rate_hz,
            num_channels=1,
        )

    __hash__ = object.__hash__

    def synthesize(self, text, *, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        plan = self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]
        return _PlannedSpeech(plan, tts=self, input_text=text, conn_options=conn_options)


class _PlannedSpeech(tts.ChunkedStream):
    def __init__(self, plan: Plan, **more) -> None:
        super().__init__(**more)
        self._plan = plan

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        owner = self._tts
        owner.said.append(self._input_text)
        owner.characters += len(self._input_text)
        counted = Measure.CHARACTERS
        owner.meter.add(Usage(Service.TTS, owner.name, counted, len(self._input_text)))
        silent = await fail_early(self._plan)
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=owner.rate_hz,
            num_channels=1,
            mime_type="audio/pcm",
            frame_size_ms=20,
        )
        if silent:
            return
        await asyncio.sleep(owner.first_s)
        for index, word in enumerate(self._input_text.split()):
            if self._plan.fault is not None and index >= self._plan.after_words:
                await fail_late(self._plan)
                if self._plan.fault == "short":
                    break
            output_emitter.push(tone(sound_s(word), owner.rate_hz))
            await asyncio.sleep(owner.word_s)
        output_emitter.flush()


def sound_s(text: str) -> float:
    """How long a text sounds."""
    return sum(LETTER_S * (len(word) + 1) for word in text.split())


def tone(seconds: float, rate_hz: int) -> bytes:
    wave = np.sin(np.arange(int(seconds * rate_hz)) * 2 * np.pi * 220 / rate_hz) * 3000
    return wave.astype(np.int16).tobytes()


def candidate(engine: Engine, service: Service, name: str) -> Candidate[Engine]:
    """Named as its engine counts."""
    model = Model(name, service, "planned", name, ModelStatus.AVAILABLE, ("en", "hi"))
    return Candidate(model, engine, Breaker(time.monotonic))


def minds(*engines: PlannedLLM) -> tuple[Candidate[llm.LLM], ...]:
    return tuple(candidate(one, Service.LLM, one.name) for one in engines)


def mouths(*engines: PlannedTTS) -> tuple[Candidate[tts.TTS], ...]:
    return tuple(candidate(one, Service.TTS, one.name) for one in engines)
