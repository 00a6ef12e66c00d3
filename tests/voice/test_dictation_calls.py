"""Callers dictate with long pauses, and are answered once: when they have said all of it."""

import numpy as np
import pytest

from callmissed.domain.calls import TURN_TAKING_PRESETS
from callmissed.domain.turns import Turn
from tests.dictations import DICTATIONS, HELLO, PHONE, Dictation
from tests.virtual_time import run_call_jumping
from tests.voice.callers import RATE_HZ, load_words
from tests.voice.fakes import scripted_models
from tests.voice.running import start_call

SPOKEN = load_words()[: int(RATE_HZ * 1.1)]
ANSWER = "Thank you, I have that."


async def dictate(said: Dictation, pause_s: float) -> Turn:
    """The turn in which it was answered."""
    call = start_call(scripted_models(list(said.parts), [ANSWER]), greeting=said.asked)
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    pause = np.zeros(int(RATE_HZ * pause_s), np.int16)
    spoken = [SPOKEN, *[piece for _ in said.parts[1:] for piece in (pause, SPOKEN)]]
    await call.line.microphone.say(np.concatenate(spoken))
    await call.notes.until(lambda notes: len(notes.turns) == 2)
    await call.hang_up()
    return call.notes.turns[1]


def test_forty_dictations_with_pauses_of_a_second_and_a_half_are_not_cut() -> None:
    assert len(DICTATIONS) == 40
    for said in DICTATIONS:
        turn = run_call_jumping(dictate(said, 1.5))
        assert turn.user_transcript == " ".join(said.parts)
        assert turn.agent_response.endswith(ANSWER)
        assert turn.llm_attempts <= 3


@pytest.mark.parametrize("pause_s", [0.35, 0.6, 1.0])
def test_shorter_pauses_are_no_ends_either(pause_s: float) -> None:
    for said in DICTATIONS[::8]:
        turn = run_call_jumping(dictate(said, pause_s))
        assert turn.user_transcript == " ".join(said.parts)


def test_who_has_said_the_whole_number_is_not_kept_waiting() -> None:
    turn = run_call_jumping(dictate(Dictation(PHONE, ("nine eight seven", "6543210")), 1.0))
    assert turn.endpoint_ms is not None and turn.endpoint_ms < 500


def test_a_broken_off_sentence_is_waited_for_and_another_one_is_not() -> None:
    said = Dictation(HELLO, ("I would like to come because", "my tooth hurts"))
    turn = run_call_jumping(dictate(said, 1.1))
    assert turn.user_transcript == "I would like to come because my tooth hurts"
    turn = run_call_jumping(dictate(Dictation(HELLO, ("when are you open", "on Sunday")), 1.1))
    assert turn.user_transcript == "when are you open"


def test_a_cough_behind_a_question_does_not_delay_its_answer() -> None:
    async def run() -> Turn:
        models = scripted_models(["when are you open"], [ANSWER])
        call = start_call(models, greeting=None, turn_taking=TURN_TAKING_PRESETS["patient"])
        cough, pause = SPOKEN[: int(RATE_HZ * 0.3)], np.zeros(int(RATE_HZ * 0.4), np.int16)
        await call.line.microphone.say(np.concatenate([SPOKEN, pause, cough]))
        await call.notes.until(lambda notes: len(notes.turns) == 1)
        await call.hang_up()
        return call.notes.turns[0]

    turn = run_call_jumping(run())
    assert turn.user_transcript == "when are you open"
    assert turn.endpoint_ms is not None and turn.endpoint_ms < 1000
