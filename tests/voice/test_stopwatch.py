"""What a turn tells of its times: guesses, budgets, interruptions."""

from callmissed.domain.budgets import FIRST_AUDIO, STAGES
from callmissed.voice.stopwatch import Instants
from callmissed.voice.turns import speculation_of
from tests.voice.callers import load_words
from tests.voice.fakes import scripted_models
from tests.voice.running import start_call

ANSWER = "We are open from ten to four."
BRIEFLY = load_words()[: int(16000 * 1.1)]


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
