"""A call that goes on in another process, or over a line that broke and was mended."""

import asyncio

import pytest

from callmissed.domain.calls import CallOrder, Exchange, OrderKind, OvertakenError
from callmissed.domain.lines import (
    CallerHere,
    CallerLost,
    LineBroken,
    LineClosed,
    LineEnd,
    LineMended,
    Party,
)
from callmissed.domain.prompts import BRIDGES, GOODBYES
from callmissed.domain.sessions import EndReason, Status, final_status
from tests.voice.callers import load_words
from tests.voice.fakes import scripted_models
from tests.voice.running import start_call

BRIEFLY = load_words()[: int(16000 * 1.1)]
AT_LENGTH = load_words()[: int(16000 * 2.5)]
BRIDGE = BRIDGES["en"]
HISTORY = (Exchange(None, "Hello."), Exchange("I am Asha", "Hello Asha."))


async def test_a_resumed_call_bridges_the_gap_and_remembers() -> None:
    models = scripted_models(["who am i"], ["You are Asha."])
    call = start_call(models, history=HISTORY, has_begun=True, greeting="Hello.")
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    assert (call.notes.turns[0].user_transcript, call.notes.turns[0].agent_response) == (
        None,
        BRIDGE,
    )
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 2)
    await call.hang_up()
    asked = models.llm[0].engine.asked[-1]
    said = [(item.role, item.text_content) for item in asked.items if item.type == "message"]
    words = [one for one in said if one[0] in ("user", "assistant")]
    assert words == [
        ("assistant", "Hello."),
        ("user", "I am Asha"),
        ("assistant", "Hello Asha."),
        ("assistant", BRIDGE),
        ("user", "who am i"),
    ]


async def test_the_gap_is_bridged_while_the_caller_talks_on() -> None:
    models = scripted_models(["for friday", "a table for two"], ["Friday then.", "For two."])
    call = start_call(models, history=HISTORY, has_begun=True)
    await call.line.microphone.say(AT_LENGTH)
    await call.notes.until(lambda notes: len(notes.turns) >= 1)
    bridging = call.notes.turns[0]
    assert (bridging.agent_response, bridging.interrupted) == (BRIDGE, False)
    answered = len(call.notes.turns)
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) > answered)
    assert call.notes.turns[-1].agent_response in ("Friday then.", "For two.")
    await call.hang_up()


async def test_a_resumed_call_may_end_while_it_bridges_the_gap() -> None:
    call = start_call(scripted_models([], ["-"]), history=HISTORY, has_begun=True)
    await call.line.screen.until_shown(Party.AGENT, BRIDGE.split()[0])
    await call.hang_up()
    assert [turn.interrupted for turn in call.notes.turns] == [True]
    assert len(call.notes.ends) == 1


async def test_a_resumed_call_whose_caller_is_gone_waits_for_them_and_ends() -> None:
    call = start_call(
        scripted_models([], ["-"]),
        caller_is_here=False,
        microphone_is_on=False,
        has_begun=True,
        reconnect_window_s=0.3,
    )
    await call.task
    assert [end.reason for end in call.notes.ends] == [EndReason.USER_LEFT]


async def test_a_room_that_closes_behind_a_caller_who_left_in_the_gap_ends_the_call() -> None:
    call = start_call(
        scripted_models([], ["-"]), caller_is_here=False, microphone_is_on=False, has_begun=True
    )
    call.line.tell(LineClosed("the room ended: ROOM_CLOSED", LineEnd.CLOSED))
    await call.task
    assert [end.reason for end in call.notes.ends] == [EndReason.USER_LEFT]


async def test_an_overtaken_call_notes_nothing_more() -> None:
    call = start_call(scripted_models([], ["-"]), greeting=" ".join(["word"] * 40))
    await call.line.screen.until_shown(Party.AGENT, "word")
    call.line.tell(LineClosed("the room ended: DUPLICATE_IDENTITY", LineEnd.OVERTAKEN))
    with pytest.raises(OvertakenError):
        await call.task
    assert call.notes.ends == []
    assert call.notes.turns == []


async def test_a_line_that_breaks_is_mended_and_bridged() -> None:
    call = start_call(scripted_models(["are you there"], ["Yes."]), greeting="Hello.")
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    call.line.tell(LineBroken())
    call.line.tell(CallerLost())
    call.line.tell(LineMended())
    call.line.tell(CallerHere())
    await call.notes.until(lambda notes: len(notes.turns) == 2)
    assert call.notes.turns[1].agent_response == BRIDGE
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 3)
    assert call.notes.turns[2].agent_response == "Yes."
    await call.hang_up()


async def test_a_line_that_stays_broken_loses_the_call() -> None:
    call = start_call(scripted_models([], ["-"]))
    call.line.tell(LineBroken())
    call.line.tell(LineClosed("the room ended: UNKNOWN_REASON", LineEnd.LOST))
    await call.task
    [end] = call.notes.ends
    assert end.reason is EndReason.MEDIA_LOST
    assert final_status(end.reason) is Status.FAILED


async def test_a_goodbye_is_heard_before_the_end() -> None:
    call = start_call(scripted_models([], ["-"]), greeting=" ".join(["word"] * 40))
    await call.line.screen.until_shown(Party.AGENT, "word")
    order = CallOrder(OrderKind.END, EndReason.ERROR, with_goodbye=True, detail="stopped")
    call.orders.give(order)
    await asyncio.wait([call.task])
    assert call.notes.turns[-1].agent_response == GOODBYES["en"]
    [end] = call.notes.ends
    assert (end.reason, end.detail) == (EndReason.ERROR, "stopped")
