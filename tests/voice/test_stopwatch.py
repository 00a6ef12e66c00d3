"""What a turn tells of its times: guesses, budgets, interruptions."""

from dataclasses import replace

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, stt

from callmissed.domain.budgets import FIRST_AUDIO, STAGES
from callmissed.voice.stopwatch import Instants
from callmissed.voice.turns import speculation_of
from tests.voice.callers import load_words
from tests.voice.fakes import LOUD, ScriptedSTT, scripted_models
from tests.voice.running import start_call

ANSWER = "We are open from ten to four."
BRIEFLY = load_words()[: int(16000 * 1.1)]
QUESTION = "When are you open?"
PARTIAL_AFTER_S, FINAL_AFTER_S = 0.06, 0.4


class PartialSTT(ScriptedSTT):
    """Has one text as a partial 60 ms after the sound, and the other as the final words 0.4 s after."""

    def __init__(self, partial: str, final: str) -> None:
        super().__init__([partial, final])

    def stream(self, *, language=NOT_GIVEN, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return _PartialStream(stt=self, conn_options=conn_options)


class _PartialStream(stt.RecognizeStream):
    async def _run(self) -> None:
        silent_s = 0.0
        waits = [
            (FINAL_AFTER_S, stt.SpeechEventType.FINAL_TRANSCRIPT),
            (PARTIAL_AFTER_S, stt.SpeechEventType.INTERIM_TRANSCRIPT),
        ]
        was_loud = False
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                continue
            is_loud = np.abs(np.frombuffer(frame.data, np.int16)).max(initial=0) > LOUD
            was_loud |= bool(is_loud)
            silent_s = 0.0 if is_loud else silent_s + frame.duration
            while was_loud and waits and silent_s >= waits[-1][0]:
                _, kind = waits.pop()
                data = stt.SpeechData(language="en", text=self._stt.texts.pop(0), confidence=1.0)
                self._event_ch.send_nowait(stt.SpeechEvent(type=kind, alternatives=[data]))


def test_work_that_began_before_the_end_of_the_turn_is_told_with_how_much_it_gained() -> None:
    early = Instants(speech_end_s=10.0, begun_s=10.1, endpoint_s=10.35)
    assert speculation_of(early, 1) == {
        "speculation": {"used": True, "early_ms": 250, "thrown_away": 0}
    }


def test_guesses_that_nobody_heard_are_counted() -> None:
    late = Instants(speech_end_s=10.0, begun_s=10.35, endpoint_s=10.35)
    assert speculation_of(late, 1) == {}
    assert speculation_of(late, 3) == {
        "speculation": {"used": False, "early_ms": None, "thrown_away": 2}
    }


def test_a_turn_that_nobody_answered_threw_all_its_guesses_away() -> None:
    unanswered = Instants(speech_end_s=10.0, endpoint_s=10.3)
    assert speculation_of(unanswered, 2)["speculation"]["thrown_away"] == 2
    assert speculation_of(unanswered, 0) == {}


async def test_a_turn_that_takes_longer_than_its_bot_allows_is_marked() -> None:
    budgets_ms = dict.fromkeys(STAGES, 1)
    models = scripted_models(["when are you open"], [ANSWER])
    call = start_call(models, greeting=None, budgets_ms=budgets_ms)
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    await call.hang_up()
    (turn,) = call.notes.turns
    over = turn.trace["over_budget"]
    assert over[FIRST_AUDIO] == len(STAGES)
    assert over.keys() - {FIRST_AUDIO} == {stage for stage in STAGES if turn.stages[stage] > 1}


async def test_a_turn_within_its_budgets_is_not_marked() -> None:
    models = scripted_models(["when are you open"], [ANSWER])
    call = start_call(models, greeting=None, budgets_ms=dict.fromkeys(STAGES, 60_000))
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    await call.hang_up()
    assert "over_budget" not in call.notes.turns[0].trace


@pytest.mark.parametrize("final", [QUESTION, "When are you open on Sunday?"])
async def test_an_answer_begun_on_partial_words_is_used_or_thrown_away(final: str) -> None:
    models = scripted_models([], [ANSWER])
    ears = PartialSTT(QUESTION, final)
    call = start_call(replace(models, stt=(replace(models.stt[0], engine=ears),)), greeting=None)
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    await call.hang_up()
    (turn,) = call.notes.turns
    told = turn.trace["speculation"]
    if final == QUESTION:
        assert (told["used"], told["thrown_away"]) == (True, 0)
        assert told["early_ms"] > 0
    else:
        assert told["thrown_away"] == 1
    assert turn.llm_attempts == 1 + told["thrown_away"]
    assert sum(turn.stages.values()) == turn.first_audio_ms
