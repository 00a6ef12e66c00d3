"""A caller who waits hears something, also where not every sentence could be recorded ahead."""

from callmissed.domain.prompts import FILLERS
from callmissed.voice.fillers import Clips, Patience
from tests.virtual_time import run_call_jumping, run_jumping
from tests.voice.faulty import FINE, Plan, PlannedLLM, PlannedTTS
from tests.voice.test_failing_answers import Cast, ask

FIRST, SECOND = FILLERS["en"]


def test_a_sentence_that_could_not_be_recorded_is_tried_again() -> None:
    asked: list[str] = []

    async def record(text: str) -> bytes:
        asked.append(text)
        return b"" if asked.count(text) < 3 and text == FIRST else b"sound"

    clips = Clips(record)
    clips.speak("en-IN")
    run_jumping(clips.record_all())
    assert clips.are_complete
    assert asked.count(FIRST) == 3
    assert asked.count(SECOND) == 1


def test_what_can_never_be_recorded_is_given_up() -> None:
    async def record(_text: str) -> bytes:
        return b""

    clips = Clips(record)
    clips.speak("en-IN")
    run_jumping(clips.record_all())
    assert not clips.are_complete


def test_a_filler_that_can_be_heard_goes_before_one_that_cannot() -> None:
    patience = Patience((FIRST, SECOND))
    assert patience.take(1.0, lambda text: text == SECOND) == SECOND
    assert patience.take(3.0, lambda text: text == SECOND) == FIRST
    assert patience.take(5.0, lambda text: True) is None


def test_a_caller_whose_first_filler_failed_hears_the_other_in_time() -> None:
    turn = run_call_jumping(_wait_for_an_answer())
    assert turn.trace["fillers"] == [SECOND]
    assert turn.agent_response == f"{SECOND} Here is your answer."
    assert turn.first_audio_ms < 2000


async def _wait_for_an_answer():
    """The apology and the first filler cannot be recorded, again and again; the model hangs."""
    plans = [Plan("refuse"), Plan("refuse"), *[FINE] * 4, *[Plan("refuse")] * 2, FINE]
    cast = Cast(
        ["what now"],
        [
            PlannedLLM("", [Plan("hang")], name="first"),
            PlannedLLM("Here is your answer.", name="spare"),
        ],
        PlannedTTS(name="voice", rate_hz=24_000, plans=plans),
    )
    call = cast.call()
    await ask(call, 1)
    await call.hang_up()
    return call.notes.turns[0]
