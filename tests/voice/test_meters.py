"""Every delivery belongs to one turn, also one that is told late."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from livekit.agents.voice.agent_activity import _SpeechHandleContextVar
from livekit.agents.voice.speech_handle import SpeechHandle

from callmissed.domain.models import Service
from callmissed.domain.usage import Measure, Usage
from callmissed.voice.meters import CallMeter

TOKENS = Usage(Service.LLM, "mind", Measure.OUTPUT_TOKENS, 5)
SOUND = Usage(Service.STT, "ears", Measure.AUDIO_MS, 900)


@contextmanager
def inside(speech: SpeechHandle) -> Iterator[None]:
    token = _SpeechHandleContextVar.set(speech)
    try:
        yield
    finally:
        _SpeechHandleContextVar.reset(token)


async def a_speech(meter: CallMeter) -> SpeechHandle:
    speech = SpeechHandle.create()
    meter.open(speech.id)
    return speech


async def test_a_delivery_belongs_to_the_answer_in_which_it_was_made() -> None:
    meter = CallMeter()
    one, other = await a_speech(meter), await a_speech(meter)
    with inside(one):
        meter.add(TOKENS)
    with inside(other):
        meter.add(replace(TOKENS, amount=7))
    meter.add(SOUND)
    assert meter.settle(one.id) == (SOUND, TOKENS)
    assert meter.settle(other.id) == (replace(TOKENS, amount=7),)
    assert set(meter.total()) == {replace(TOKENS, amount=12), SOUND}


async def test_a_guess_is_borne_by_the_next_turn_also_when_it_is_told_late() -> None:
    meter = CallMeter()
    guess, answer = await a_speech(meter), await a_speech(meter)
    with inside(guess):
        meter.add(TOKENS)
        meter.discard(guess.id)
        meter.add(TOKENS)
    assert meter.settle(answer.id) == (replace(TOKENS, amount=10, is_guess=True),)


async def test_what_comes_after_its_turn_was_told_is_in_the_next_and_nothing_twice() -> None:
    meter = CallMeter()
    answer = await a_speech(meter)
    assert meter.settle(answer.id) == ()
    with inside(answer):
        meter.add(TOKENS)
    assert meter.settle(None) == (TOKENS,)
    assert meter.settle(None) == ()
    assert meter.total() == (TOKENS,)
