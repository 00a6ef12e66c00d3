"""What a caller lives through when models fail, and what the turns say of it afterwards."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import numpy as np
from livekit.agents import llm

from callmissed.domain.calls import TURN_TAKING_PRESETS
from callmissed.domain.lines import Party
from callmissed.domain.models import Service
from callmissed.domain.prompts import APOLOGIES, FILLERS, GOODBYES
from callmissed.domain.sessions import EndReason
from callmissed.domain.usage import Measure, Meter, Usage
from callmissed.providers import Models
from callmissed.voice.sentence_cache import SentenceCache
from tests.voice.callers import load_words
from tests.voice.fakes import ROUTE, ScriptedSTT
from tests.voice.faulty import FINE, Plan, PlannedLLM, PlannedTTS, candidate, minds, mouths
from tests.voice.running import RunningCall, start_call

BRIEFLY = load_words()[: int(16000 * 1.1)]
PAUSE = np.zeros(int(16000 * 0.45), np.int16)


class Cast:
    """Who hears, thinks and speaks in a call; made when the call asks for them."""

    def __init__(
        self, heard: Sequence[str], thinkers: Sequence[PlannedLLM], speaker: PlannedTTS
    ) -> None:
        self.heard = heard
        self.thinkers = thinkers
        self.speaker = speaker

    def build(self, _route: Any, _access: Any, _warm: Any, _passages: Any, meter: Meter) -> Models:
        for engine in (*self.thinkers, self.speaker):
            engine.meter = meter
        ears = candidate(ScriptedSTT(self.heard), Service.STT, ROUTE.stt.id)
        return Models((ears,), minds(*self.thinkers), mouths(self.speaker))

    def call(self, **changes: Any) -> RunningCall:
        return start_call(None, build=self.build, **{"greeting": None, **changes})


async def ask(call: RunningCall, count: int) -> None:
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == count, within_s=30.0)


async def test_a_caller_who_waits_is_told_so_and_then_answered() -> None:
    spare = PlannedLLM("Here is your answer.", name="spare")
    cast = Cast(
        ["what now", "and then"],
        [PlannedLLM("", [Plan("hang")], name="first"), spare],
        PlannedTTS(name="voice", rate_hz=24_000),
    )
    call = cast.call()
    for count in (1, 2):
        await ask(call, count)
    await call.hang_up()
    turn = call.notes.turns[0]
    filler = FILLERS["en"][0]
    assert turn.agent_response == f"{filler} Here is your answer."
    assert turn.trace["fillers"] == [filler]
    assert turn.llm_model == "spare"
    (fallback,) = turn.trace["fallbacks"]
    assert fallback["provider"]
    assert (fallback["service"], fallback["model"]) == ("llm", "first")
    assert (fallback["reason"], fallback["after"]) == ("TimeoutError", False)
    assert call.line.screen.finals(Party.AGENT)[0] == turn.agent_response
    assert sum(turn.stages.values()) == turn.first_audio_ms
    remembered = [(item.text_content or "").strip() for item in said_by_agent(spare.asked[-1])]
    assert remembered == ["Here is your answer."]


async def test_a_call_in_which_nothing_works_takes_its_leave() -> None:
    cast = Cast(
        [f"question {number}" for number in range(4)],
        [PlannedLLM("", [Plan("refuse")])],
        PlannedTTS(name="voice", rate_hz=24_000),
    )
    call = cast.call()
    for count in range(1, 5):
        await ask(call, count)
    await call.task
    (end,) = call.notes.ends
    assert end.reason is EndReason.ERROR
    *answers, goodbye = call.notes.turns
    assert [turn.agent_response for turn in answers] == [APOLOGIES["en"]] * 4
    assert (goodbye.user_transcript, goodbye.agent_response) == (None, GOODBYES["en"])


async def test_at_most_two_guesses_a_turn_are_begun_and_counted_as_such() -> None:
    mind = PlannedLLM("One two three four five.", name="mind")
    voice = PlannedTTS(name="voice", rate_hz=24_000)
    cast = Cast(["first i want", "then this", "and that too"], [mind], voice)
    call = cast.call(turn_taking=TURN_TAKING_PRESETS["patient"])
    await call.line.microphone.say(np.concatenate([BRIEFLY, PAUSE, BRIEFLY, PAUSE, BRIEFLY]))
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    await call.hang_up()
    (turn,) = call.notes.turns
    assert turn.user_transcript == "first i want then this and that too"
    assert turn.llm_attempts == len(mind.asked) == 3
    assert amount(turn.usage, Measure.OUTPUT_TOKENS, is_guess=True) == 10
    assert amount(turn.usage, Measure.OUTPUT_TOKENS, is_guess=False) == 5
    (end,) = call.notes.ends
    assert amount(end.usage, Measure.CHARACTERS) == voice.characters
    assert amount(turn.usage, Measure.CHARACTERS, is_guess=True) == 2 * len(mind.reply)


async def test_what_the_second_caller_is_told_was_said_before() -> None:
    sentences = SentenceCache()
    voices = [PlannedTTS(name="voice", rate_hz=24_000) for _ in range(2)]
    tenant_id = uuid4()
    for voice in voices:
        cast = Cast(["hello"], [PlannedLLM("You are welcome.", [FINE])], voice)
        call = cast.call(sentences=sentences, greeting="Good morning to you.", tenant_id=tenant_id)
        await call.notes.until(lambda notes: len(notes.turns) == 1)
        await ask(call, 2)
        await call.hang_up()
    assert voices[0].characters
    assert not voices[1].said
    usage = call.notes.turns[1].usage
    assert amount(usage, Measure.CACHED_CHARACTERS) == len("You are welcome.")
    assert not amount(usage, Measure.CHARACTERS)


def said_by_agent(context: llm.ChatContext) -> list[llm.ChatMessage]:
    messages = [item for item in context.items if isinstance(item, llm.ChatMessage)]
    return [message for message in messages if message.role == "assistant"]


def amount(usages: Sequence[Usage], measure: Measure, *, is_guess: bool | None = None) -> int:
    return sum(
        usage.amount
        for usage in usages
        if usage.measure is measure and is_guess in (None, usage.is_guess)
    )
