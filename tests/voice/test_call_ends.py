"""How a call ends, and that it ends once."""

import asyncio
import threading

from callmissed.domain.calls import CallEnded, CallerArrived, CallOrder, OrderKind
from callmissed.domain.lines import CallerHere, CallerLeft, CallerLost, LineClosed
from callmissed.domain.sessions import EndReason
from tests.voice.callers import load_words
from tests.voice.fakes import scripted_models
from tests.voice.running import Notes, start_call

BRIEFLY = load_words()[: int(16000 * 1.1)]


def only_end(notes: Notes) -> CallEnded:
    """The one end, told last."""
    (end,) = notes.ends
    assert notes.all[-1] is end
    return end


async def test_a_caller_who_hangs_up_ends_the_call_at_once() -> None:
    call = start_call(scripted_models([], ["-"]))
    await call.notes.until(lambda notes: CallerArrived() in notes.all or bool(notes.turns))
    call.line.tell(CallerLeft())
    await call.task
    assert only_end(call.notes).reason is EndReason.USER_LEFT
    assert call.line.is_closed


async def test_a_call_that_nobody_joins_ends_unanswered() -> None:
    call = start_call(
        scripted_models([], ["-"]), caller_is_here=False, microphone_is_on=False, join_window_s=0.2
    )
    await call.task
    assert only_end(call.notes) == CallEnded(EndReason.NEVER_JOINED, 0.0, 0.0)
    assert len(call.notes.all) == 1


async def test_a_call_ends_at_its_limit_in_the_middle_of_a_sentence() -> None:
    models = scripted_models([], ["-"])
    long_greeting = " ".join(["word"] * 30)
    call = start_call(models, greeting=long_greeting, max_duration_s=1.5)
    await call.task
    end = only_end(call.notes)
    assert end.reason is EndReason.MAX_DURATION
    (greeting,) = call.notes.turns
    assert greeting.interrupted
    assert 0 < len(greeting.agent_response) < len(long_greeting) / 2
    assert end.agent_audio_s > 0.5
    assert end.caller_audio_s > 1.0


async def test_an_order_ends_the_call_with_its_reason() -> None:
    call = start_call(scripted_models([], ["-"]))
    call.orders.give(CallOrder(OrderKind.DRAIN))
    call.orders.give(CallOrder(OrderKind.END, EndReason.API_DELETE))
    await call.task
    assert only_end(call.notes).reason is EndReason.API_DELETE


async def test_the_same_call_goes_on_when_the_caller_comes_back() -> None:
    models = scripted_models(["are you still there"], ["Yes, I am."])
    call = start_call(models, reconnect_window_s=5.0)
    await call.notes.until(lambda notes: CallerArrived() in notes.all)
    call.line.tell(CallerLost())
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    call.line.tell(CallerHere())
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 2)
    assert call.notes.turns[1].agent_response == "Yes, I am."
    assert call.notes.all.count(CallerArrived()) == 1
    assert not call.notes.ends
    await call.hang_up()
    only_end(call.notes)


async def test_a_caller_who_does_not_come_back_has_left() -> None:
    call = start_call(scripted_models([], ["-"]), reconnect_window_s=0.2)
    await call.notes.until(lambda notes: CallerArrived() in notes.all)
    call.line.tell(CallerLost())
    await call.task
    assert only_end(call.notes).reason is EndReason.USER_LEFT


async def test_a_caller_who_says_nothing_is_hung_up_on() -> None:
    call = start_call(scripted_models([], ["-"]), greeting="Hello.", silence_s=1.0)
    await call.task
    assert only_end(call.notes).reason is EndReason.SILENCE
    assert len(call.notes.turns) == 1


async def test_a_caller_who_speaks_is_not() -> None:
    call = start_call(scripted_models(["hello"], ["Yes?"]), greeting=None, silence_s=4.0)
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    assert not call.notes.ends
    await call.hang_up()


async def test_a_line_that_breaks_ends_the_call_as_an_error() -> None:
    call = start_call(scripted_models([], ["-"]))
    call.line.tell(LineClosed("the room ended: DUPLICATE_IDENTITY"))
    await call.task
    end = only_end(call.notes)
    assert end.reason is EndReason.ERROR
    assert end.detail == "the room ended: DUPLICATE_IDENTITY"


async def test_words_said_as_the_call_ends_are_in_the_transcript() -> None:
    models = scripted_models(["goodbye then"], ["Goodbye."], first_token_s=30.0)
    call = start_call(models, greeting=None)
    await call.line.microphone.say(BRIEFLY)
    await call.line.screen.until_final("goodbye then")
    call.line.tell(CallerLeft())
    await call.task
    (turn,) = call.notes.turns
    assert turn.user_transcript == "goodbye then"
    assert turn.agent_response == ""
    assert turn.first_audio_ms is None
    assert turn.stages == {}


async def test_a_cancelled_call_is_told_as_ended() -> None:
    call = start_call(scripted_models([], ["-"]))
    await call.notes.until(lambda notes: CallerArrived() in notes.all)
    call.task.cancel()
    await asyncio.wait([call.task])
    assert call.task.cancelled()
    assert only_end(call.notes).detail == "the worker stopped"
    assert call.line.is_closed


async def test_twenty_calls_leave_nothing_behind() -> None:
    await _one_short_call()
    tasks_before, threads_before = len(asyncio.all_tasks()), threading.active_count()
    await asyncio.gather(*(_one_short_call() for _ in range(20)))
    assert len(asyncio.all_tasks()) <= tasks_before
    assert threading.active_count() <= threads_before


async def _one_short_call() -> None:
    call = start_call(scripted_models([], ["-"]), greeting="Hello.")
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    await call.hang_up()
