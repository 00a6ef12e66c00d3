"""Whole calls from rooms that are loud: the agent is interrupted by its caller and nobody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from bench.sound.lines import RoomyLine
from bench.sound.noises import NOISES, Sound, at_level
from callmissed.domain.calls import CallTerms
from callmissed.domain.lines import CallerHere, LineClosed, Party
from callmissed.providers.local.tts import LocalTTS
from callmissed.providers.local.voices import Voices
from callmissed.runtime.call import run_call
from callmissed.runtime.desk import PassageDesk
from tests.speech.recordings import RATE_HZ
from tests.voice.callers import load_words
from tests.voice.fakes import scripted_models
from tests.voice.running import Notes, NoWarm, Orders, Plan, terms

GREETING = "Hello, this is the clinic. We are open on weekdays until six."
CALLER_DB = -22.0
SPEECH = at_level(load_words(), CALLER_DB)
DICE = np.random.default_rng(4)
QUIET_ROOM = at_level(DICE.standard_normal(RATE_HZ), -72.0)
BABBLE = at_level(NOISES["babble"](10.0, DICE), CALLER_DB - 10)


@dataclass
class LoudCall:
    line: RoomyLine
    notes: Notes


@asynccontextmanager
async def calling(room: Sound, *, echo_gain: float) -> AsyncIterator[LoudCall]:
    """A call whose agent greets in a voice, and whose recogniser takes any sound for words."""
    voices = Voices()
    await voices.open()
    models = scripted_models(["stop please"] * 9, ["Of course."], voice=LocalTTS(voices))
    rate_hz = models.tts[0].engine.sample_rate
    line = RoomyLine(room, rate_hz, echo_gain=echo_gain, echo_delay_s=0.2)
    notes = Notes()

    async def open_line(_terms: CallTerms, _rate_hz: int) -> RoomyLine:
        return line

    call = asyncio.create_task(
        run_call(
            Plan(terms(greeting=GREETING)),
            PassageDesk(()),
            notes,
            Orders(),
            NoWarm(),  # type: ignore[arg-type]
            open_line=open_line,
            build=lambda *_parts: models,
        )
    )
    line.tell(CallerHere())
    try:
        yield LoudCall(line, notes)
    finally:
        line.tell(LineClosed("test over"))
        await call
        await voices.aclose()


@pytest.mark.parametrize(
    ("room", "echo_gain"), [(QUIET_ROOM, 0.1), (BABBLE, 0.0)], ids=["echo", "babble"]
)
async def test_neither_its_echo_nor_the_room_interrupts_the_agent(
    room: Sound, echo_gain: float
) -> None:
    async with calling(room, echo_gain=echo_gain) as call:
        await call.notes.until(lambda notes: len(notes.turns) == 1)
    [greeting] = call.notes.turns
    assert greeting.agent_response == GREETING
    assert not greeting.interrupted
    assert call.line.sound_out.pauses == 0
    assert call.line.screen.finals(Party.CALLER) == []


async def test_a_caller_cuts_in_over_the_agents_echo() -> None:
    async with calling(QUIET_ROOM, echo_gain=0.1) as call:
        await call.line.screen.until_shown(Party.AGENT, "clinic")
        await call.line.microphone.say(SPEECH)
        await call.notes.until(lambda notes: len(notes.turns) == 2)
    greeting, reply = call.notes.turns
    assert greeting.interrupted
    assert reply.user_transcript == "stop please"
    assert reply.agent_response == "Of course."
