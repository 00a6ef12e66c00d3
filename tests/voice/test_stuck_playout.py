"""A line that takes no sound keeps nobody in silence: the speech ends, and the caller is spoken to as
soon as the line takes sound again.
"""

from typing import Literal

import pytest

from callmissed.domain.lines import Party
from callmissed.domain.prompts import BRIDGES
from callmissed.domain.sessions import EndReason
from tests.virtual_time import run_call_jumping
from tests.voice.callers import load_words
from tests.voice.fakes import scripted_models
from tests.voice.running import RunningCall, start_call

BRIEFLY = load_words()[: int(16000 * 1.1)]
ANSWER = "We are open from ten to four today. On Sunday we are closed, I am afraid."
FAULTS: tuple[Literal["hangs", "refuses"], ...] = ("hangs", "refuses")


async def ask(call: RunningCall, count: int) -> None:
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == count, within_s=30.0)


@pytest.mark.parametrize("fault", FAULTS)
def test_speech_that_is_not_played_is_ended_and_the_caller_spoken_to(
    fault: Literal["hangs", "refuses"],
) -> None:
    async def run() -> RunningCall:
        call = start_call(scripted_models(["when", "and then"], [ANSWER, "Bye."]), greeting=None)
        call.line.earpiece.fault = fault
        await ask(call, 1)
        call.line.earpiece.fault = None
        await call.notes.until(lambda notes: len(notes.turns) == 2, within_s=10.0)
        await ask(call, 3)
        await call.hang_up()
        return call

    call = run_call_jumping(run())
    unheard, bridge, answered = call.notes.turns
    assert (unheard.agent_response, unheard.interrupted) == ("", True)
    assert unheard.trace["failure"] == "line: no sound flows"
    assert bridge.agent_response == BRIDGES["en"]
    assert (answered.user_transcript, answered.agent_response) == ("and then", "Bye.")


@pytest.mark.parametrize("fault", FAULTS)
def test_what_was_heard_before_the_line_failed_is_remembered(
    fault: Literal["hangs", "refuses"],
) -> None:
    async def run() -> RunningCall:
        call = start_call(scripted_models(["when", "again"], [ANSWER, "Bye."]), greeting=None)
        await call.line.microphone.say(BRIEFLY)
        await call.line.screen.until_shown(Party.AGENT, "open from ten")
        call.line.earpiece.fault = fault
        await call.notes.until(lambda notes: len(notes.turns) == 1, within_s=10.0)
        call.line.earpiece.fault = None
        await call.hang_up()
        return call

    turn = run_call_jumping(run()).notes.turns[0]
    assert ANSWER.startswith(turn.agent_response)
    assert 5 <= len(turn.agent_response.split()) <= 8
    assert turn.interrupted


def test_a_call_whose_line_takes_no_sound_at_all_ends() -> None:
    async def run() -> RunningCall:
        call = start_call(scripted_models(["when"], [ANSWER]), greeting="Hello, how can I help?")
        call.line.earpiece.fault = "hangs"
        await call.task
        return call

    (end,) = run_call_jumping(run()).notes.ends
    assert end.reason is EndReason.ERROR
    assert "no sound flows" in end.detail
