"""Calls on simulated providers whose language and speech models fail at random, turn after turn."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from callmissed.dev.faults import Fault, Kind
from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.scenario import Ears, Mind, Mouth, Scenario
from callmissed.dev.tones import decode, encode
from callmissed.dev.vocabulary import ENGLISH
from callmissed.domain.calls import CallEnded
from callmissed.domain.knowledge import Passage
from callmissed.domain.models import (
    Access,
    Candidate,
    Model,
    ModelStatus,
    Route,
    Service,
    SpareVoice,
)
from callmissed.domain.turns import Turn
from callmissed.domain.usage import Measure, Meter
from callmissed.providers import Models, Warm, builders
from callmissed.providers.catalog import load_catalog
from callmissed.voice.sentence_cache import SentenceCache
from tests.voice.callers import MemoryLine
from tests.voice.fakes import ROUTE as SCRIPTED
from tests.voice.running import RunningCall, start_call

HEARD_HZ = 16_000
AUDIBLE = 200
TURN_S = 40.0
"""A turn that is not over by then is stuck."""

IDLE_S = 2.0
"""So soon the vendor closes a socket: most turns open new ones, which faults can strike."""

LLM_KINDS: tuple[Kind, ...] = (
    *("refuse", "hang", "stall", "fin", "reset", "rate_limit", "quota", "server_error"),
    *("malformed", "huge_line", "reasoning_only", "empty", "error_inside"),
)
TTS_KINDS: tuple[Kind, ...] = (
    *("refuse", "hang", "stall", "fin", "reset", "close", "rate_limit", "server_error"),
    *("malformed", "huge_line", "empty", "never_final"),
)
PLACES = {
    Service.LLM: ("clarifai.chat", "openrouter.chat"),
    Service.TTS: ("sarvam.tts", "audio.tts"),
}

CATALOG = load_catalog()
SPARE_MIND = "openrouter/moonshotai/kimi-k2.5"
SPARE_VOICE = Model(
    id="kokoro",
    service=Service.TTS,
    provider="audio",
    upstream="kokoro",
    status=ModelStatus.AVAILABLE,
    languages=("en",),
    voices=("heart",),
)


@dataclass(frozen=True)
class TurnRun:
    """`dead_air_s` is from the caller's last sound to the agent's next, `gap_s` the longest silence
    inside what the agent then said; None where nothing was heard. `played` are the words that were
    read out of the sound.
    """

    faults: Sequence[Fault]
    dead_air_s: float | None
    gap_s: float | None
    turn: Turn
    played: Sequence[str]


@dataclass
class CallRun:
    """`delivered` is the simulators' ledger, `withdrawn` what of it belongs to chats that were taken
    back before their first word, `remembered` what the model was told of its former
    answers when it was asked last.
    """

    greeting: Turn | None = None
    turns: list[TurnRun] = field(default_factory=list)
    end: CallEnded | None = None
    stuck: bool = False
    remembered: Sequence[str] = ()
    delivered: Mapping[tuple[str, Measure], int] = field(default_factory=dict)
    withdrawn: Mapping[tuple[str, Measure], int] = field(default_factory=dict)


async def run_faulted_call(turns: int, seed: int) -> CallRun:
    """One call of so many questions; each meets one fault, or none."""
    dice = random.Random(seed)
    replies = [_a_reply(dice) for _ in range(turns)]
    questions = [" ".join(dice.sample(ENGLISH, 5)) for _ in replies]
    script = tuple(zip(questions, replies, strict=True))
    scenario = Scenario(Ears(), Mind(answers=script), Mouth(), idle_s=IDLE_S)
    async with running_providers(scenario) as sims:
        warm = Warm()
        call = start_call(
            None,
            build=partial(_build, sims, warm),
            sentences=SentenceCache(),
            greeting="hello good morning.",
            route=route(),
            max_duration_s=3600.0,
        )
        run = CallRun()
        try:
            await call.notes.until(lambda notes: len(notes.turns) == 1)
            run.greeting = call.notes.turns[0]
            for question in questions:
                if call.task.done():
                    break
                faults = _some_faults(dice)
                run.turns.append(await _live_through(call, sims, question, faults))
        except TimeoutError:
            run.stuck = True
        await call.hang_up()
        run.end = call.notes.ends[0] if call.notes.ends else None
        run.delivered = _delivered(sims)
        run.withdrawn = _delivered(sims, withdrawn=True)
        run.remembered = _remembered(sims)
        await warm.aclose()
        return run


def route() -> Route:
    """Kimi on Clarifai, then on OpenRouter; Bulbul, then a voice of one's own."""
    return replace(
        SCRIPTED,
        stt=_listed(Service.STT, "saaras:v3"),
        llm=_listed(Service.LLM, "kimi-k2.5"),
        spare_llm=(_listed(Service.LLM, SPARE_MIND),),
        tts=_listed(Service.TTS, "bulbul:v3"),
        voice="shubh",
        spare_tts=(SpareVoice(SPARE_VOICE, "heart"),),
    )


def _build(
    sims: Providers,
    warm: Warm,
    chain: Route,
    _access: Mapping[str, Access],
    _warm: Warm,
    _passages: Sequence[Passage],
    meter: Meter,
) -> Models:
    parts = builders.Parts(chain, warm, (), meter)

    def reached(model: Model) -> Access:
        known = CATALOG.providers.get(model.provider) or replace(
            CATALOG.providers["vllm"], name="audio", needs_key=True
        )
        return Access(replace(known, base_url=sims.url(model.provider)), "key-1")

    def serve(model: Model, engine: Any) -> Candidate[Any]:
        return Candidate(model, engine, warm.breaker_of(reached(model)))

    minds = (chain.llm, *chain.spare_llm)
    voices = (SpareVoice(chain.tts, chain.voice), *chain.spare_tts)
    return Models(
        stt=(serve(chain.stt, builders.build_stt(chain.stt, reached(chain.stt), parts)),),
        llm=tuple(serve(one, builders.build_llm(one, reached(one), parts)) for one in minds),
        tts=tuple(
            serve(one.model, builders.build_tts(one, reached(one.model), parts)) for one in voices
        ),
    )


async def _live_through(
    call: RunningCall, sims: Providers, question: str, faults: Sequence[Fault]
) -> TurnRun:
    """Raises TimeoutError where the turn does not end."""
    sims.set_fault(*faults)
    line, count = call.line, len(call.notes.turns)
    await line.microphone.say(encode(question, HEARD_HZ))
    spoke_until_s = line.microphone.end_s
    await call.notes.until(lambda notes: len(notes.turns) > count, within_s=TURN_S)
    dead_air_s, gap_s, played = await asyncio.to_thread(_read_earpiece, line, spoke_until_s)
    return TurnRun(faults, dead_air_s, gap_s, call.notes.turns[count], played)


def _read_earpiece(
    line: MemoryLine, since_s: float
) -> tuple[float | None, float | None, list[str]]:
    rate_hz = line.earpiece.rate_hz
    pieces: list[np.ndarray] = []
    dead_air_s: float | None = None
    gap_s: float | None = None
    quiet_from_s = plays_until_s = since_s
    for handed_s, pcm in list(line.earpiece.handed):
        if handed_s < since_s:
            continue
        pieces.append(pcm)
        starts_s = max(handed_s, plays_until_s)
        plays_until_s = starts_s + len(pcm) / rate_hz
        loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > AUDIBLE)
        if not len(loud):
            continue
        silent_s = starts_s + loud[0] / rate_hz - quiet_from_s
        if dead_air_s is None:
            dead_air_s, gap_s = silent_s, 0.0
        else:
            gap_s = max(gap_s or 0.0, silent_s)
        quiet_from_s = starts_s + loud[-1] / rate_hz
    words = decode(np.concatenate(pieces), rate_hz) if pieces else []
    return dead_air_s, gap_s, [heard.word for heard in words]


def _some_faults(dice: random.Random) -> tuple[Fault, ...]:
    """None in one turn of six; in one of ten, at the spare too."""
    if dice.random() < 1 / 6:
        return ()
    service = dice.choice((Service.LLM, Service.TTS))
    kind = dice.choice(LLM_KINDS if service is Service.LLM else TTS_KINDS)
    chosen, spare = PLACES[service]
    places = (chosen, spare) if dice.random() < 0.1 else (chosen,)
    uses = dice.choice([(1,), ()])
    late = dice.choice([None, 12])
    seed = dice.randrange(1_000_000)
    return tuple(Fault(place, kind, random_after=late, uses=uses, seed=seed) for place in places)


def _a_reply(dice: random.Random) -> str:
    """Two sentences of words that tones can say."""
    one, other = (dice.sample(ENGLISH, dice.randint(4, 9)) for _ in range(2))
    return f"{' '.join(one).capitalize()}. {' '.join(other).capitalize()}."


def _listed(service: Service, model_id: str) -> Model:
    model = CATALOG.find(service, model_id)
    assert model is not None
    return model


def _delivered(sims: Providers, *, withdrawn: bool = False) -> dict[tuple[str, Measure], int]:
    """All of it, or only that of chats which the client took back before their first word."""
    sums: dict[tuple[str, Measure], int] = {}
    names = {
        "clarifai.chat": "kimi-k2.5",
        "openrouter.chat": SPARE_MIND,
        "sarvam.tts": "bulbul:v3",
    }
    for request in sims.ledger.requests():
        is_chat = request.place.endswith(".chat")
        is_withdrawn = is_chat and request.outcome == "left"
        if withdrawn and (not is_withdrawn or request.amounts.get("output_tokens")):
            continue
        for measure, amount in request.amounts.items():
            if amount and measure in ("input_tokens", "output_tokens", "characters"):
                key = (names.get(request.place, "kokoro"), Measure(measure))
                sums[key] = sums.get(key, 0) + amount
    return sums


def _remembered(sims: Providers) -> list[str]:
    """Of the last request that was no wish to go on."""
    chats = [one for one in sims.ledger.requests() if one.place.endswith(".chat")]
    asked = [one.fields["messages"] for one in chats]
    fresh = [messages for messages in asked if messages[-1]["role"] == "user"]
    if not fresh:
        return []
    return [one["content"] for one in fresh[-1] if one["role"] == "assistant"]
