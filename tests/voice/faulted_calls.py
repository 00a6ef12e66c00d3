"""Calls on simulated providers whose speech and language models fail at random, turn after turn."""

import asyncio
import random
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.scenario import Ears, Mind, Mouth, Scenario
from callmissed.dev.tones import GAP_MS, encode
from callmissed.dev.vocabulary import ENGLISH
from callmissed.domain.calls import CallEnded
from callmissed.domain.prompts import unheard
from callmissed.domain.turns import Turn
from callmissed.domain.usage import Measure
from callmissed.kit.pcm import silence
from callmissed.providers import Warm
from callmissed.voice.sentence_cache import SentenceCache
from tests.voice.call_faults import TurnFaults, draw_faults
from tests.voice.earpiece import hear_played
from tests.voice.running import RunningCall, start_call
from tests.voice.simulated_models import LANGUAGE, LEDGER_NAMES, BuildOn, build_on, route

HEARD_HZ = 16_000
TURN_S = 40.0
"""A turn that is not over by then is stuck."""
REST_S = 3.0
"""So long the rest of a question may still become words, when its beginning was answered."""
THINKS_S = 0.7
"""So long after the agent's last sound the caller speaks."""
LATE_S = 10.0
"""So long what nobody could hear may become words, when recognisers are well again."""
IDLE_S = 2.0
"""So soon the vendor closes a socket: most turns open new ones, which faults can strike."""


@dataclass(frozen=True)
class TurnRun:
    """One question of the caller's, and all turns that were told of it.

    `dead_air_s` is from the caller's last sound to the agent's next, `gap_s` the longest silence
    inside what the agent then said; None where nothing was heard. `played` are the words that were
    read out of the sound.
    """

    said: Sequence[str]
    faults: TurnFaults
    dead_air_s: float | None
    gap_s: float | None
    turns: Sequence[Turn]
    played: Sequence[str]

    @property
    def heard(self) -> list[str]:
        """The caller's words as they were understood."""
        return " ".join(turn.user_transcript or "" for turn in self.turns).split()

    @property
    def trace(self) -> dict[str, Any]:
        """Of the last answer to the caller's words."""
        answers = [turn for turn in self.turns if turn.user_transcript]
        return dict(answers[-1].trace) if answers else {}


@dataclass
class CallRun:
    """`stuck`: something was awaited and never came; `ended_early`: the call was over before its last
    question. `delivered` is the simulators' ledger, `withdrawn` what of it belongs to chats that
    were taken back before their first word, `remembered` what the model was told of its former
    answers when it was asked last.
    """

    greeting: Turn | None = None
    turns: list[TurnRun] = field(default_factory=list)
    end: CallEnded | None = None
    stuck: bool = False
    ended_early: bool = False
    remembered: Sequence[str] = ()
    delivered: Mapping[tuple[str, Measure], int] = field(default_factory=dict)
    withdrawn: Mapping[tuple[str, Measure], int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Lived:
    """A question as it was lived through: the agent's sound after it is read later."""

    said: Sequence[str]
    faults: TurnFaults
    from_s: float
    to_s: float
    turns: Sequence[Turn]


async def run_faulted_call(turns: int, seed: int, build: BuildOn = build_on) -> CallRun:
    """One call of so many questions; each meets one fault, or none."""
    dice = random.Random(seed)
    replies = [_a_reply(dice) for _ in range(turns)]
    questions = [" ".join(dice.sample(ENGLISH, 5)) for _ in replies]
    script = tuple(zip(questions, replies, strict=True))
    scenario = Scenario(Ears(), Mind(answers=script, reply=replies[0]), Mouth(), idle_s=IDLE_S)
    async with running_providers(scenario) as sims:
        warm, run = Warm(), CallRun()
        call = start_call(
            None,
            build=lambda chain, access, _warm, passages, meter: build(
                sims, chain, access, warm, passages, meter
            ),
            sentences=SentenceCache(),
            greeting="hello good morning.",
            route=route(),
            max_duration_s=3600.0,
        )
        lived = await _live(call, sims, questions, dice, run)
        await call.hang_up()
        run.turns = [_read(call, one) for one in lived]
        run.end = call.notes.ends[0] if call.notes.ends else None
        run.delivered = _delivered(sims)
        run.withdrawn = _delivered(sims, withdrawn=True)
        run.remembered = _remembered(sims)
        await warm.aclose()
        return run


async def _live(
    call: RunningCall, sims: Providers, questions: Sequence[str], dice: random.Random, run: CallRun
) -> list[_Lived]:
    """Until the last question is answered, the call is over or stuck."""
    lived: list[_Lived] = []
    try:
        await call.notes.until(lambda notes: bool(notes.turns or notes.ends))
        run.greeting = next(iter(call.notes.turns), None)
        for question in questions:
            one = await _live_through(call, sims, question, draw_faults(dice))
            if one is None:
                run.ended_early = True
                break
            lived.append(one)
    except TimeoutError:
        run.stuck = True
    return lived


async def _live_through(
    call: RunningCall, sims: Providers, question: str, faults: TurnFaults
) -> _Lived | None:
    """None where the call took its leave meanwhile. Raises TimeoutError where the turn does not end."""
    faults.begin(sims)
    count, said = len(call.notes.turns), question.split()
    microphone = call.line.microphone
    thinking = silence(int(THINKS_S * 1000), HEARD_HZ)
    asking = microphone.say(np.concatenate([thinking, encode(question, HEARD_HZ)]))
    if not await _say_unless_over(call, asking):
        return None
    from_s = microphone.end_s - GAP_MS / 1000

    def told() -> Sequence[Turn]:
        return call.notes.turns[count:]

    def is_known() -> bool:
        """They are answered, or told that nobody heard them."""
        told_unheard = any(turn.agent_response == unheard(LANGUAGE) for turn in told())
        return bool(call.notes.ends or _words_of(told()) or told_unheard)

    await call.notes.until(lambda _: is_known(), within_s=TURN_S)
    sims.set_fault()
    rest_s = REST_S if _words_of(told()) else LATE_S
    with suppress(TimeoutError):
        await call.notes.until(
            lambda notes: bool(notes.ends) or len(_words_of(told())) >= len(said), within_s=rest_s
        )
    return _Lived(said, faults, from_s, time.monotonic(), told())


async def _say_unless_over(call: RunningCall, asking: Coroutine[Any, Any, None]) -> bool:
    """False where nobody listens any more: what is said to a closed line is never said."""
    speaking = asyncio.create_task(asking)
    await asyncio.wait([speaking, call.task], return_when=asyncio.FIRST_COMPLETED)
    if call.task.done() and not speaking.done():
        speaking.cancel()
        await asyncio.wait([speaking])
        return False
    return True


def _read(call: RunningCall, lived: _Lived) -> TurnRun:
    played = hear_played(call.line.earpiece, lived.from_s, lived.to_s)
    return TurnRun(
        lived.said, lived.faults, played.dead_air_s, played.gap_s, lived.turns, played.words
    )


def _words_of(turns: Sequence[Turn]) -> list[str]:
    return " ".join(turn.user_transcript or "" for turn in turns).split()


def _a_reply(dice: random.Random) -> str:
    """Two sentences of words that tones can say."""
    one, other = (dice.sample(ENGLISH, dice.randint(4, 9)) for _ in range(2))
    return f"{' '.join(one).capitalize()}. {' '.join(other).capitalize()}."


def _delivered(sims: Providers, *, withdrawn: bool = False) -> dict[tuple[str, Measure], int]:
    """All of it, or only that of chats which the client took back before their first word."""
    sums: dict[tuple[str, Measure], int] = {}
    for request in sims.ledger.requests():
        is_chat = request.place.endswith(".chat")
        is_withdrawn = is_chat and request.outcome == "left"
        if withdrawn and (not is_withdrawn or request.amounts.get("output_tokens")):
            continue
        for measure, amount in request.amounts.items():
            heard = measure == "audio_ms" and not request.place.endswith(".tts")
            if amount and (heard or measure in ("input_tokens", "output_tokens", "characters")):
                key = (LEDGER_NAMES[request.place], Measure(measure))
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
