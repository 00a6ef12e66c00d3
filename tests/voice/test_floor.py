"""A listener's sounds do not take the floor; words that seem whole are passed on early."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
from livekit.agents import stt

from callmissed.domain.calls import TURN_TAKING_PRESETS
from callmissed.domain.lines import AgentState, Party
from callmissed.voice.floor import PATIENCE_S, Floor
from callmissed.voice.turn_end import TurnEnd
from tests.virtual_time import run_call_jumping
from tests.voice.callers import load_words
from tests.voice.ears import Failing, ToneEars
from tests.voice.fakes import scripted_models
from tests.voice.running import RunningCall, start_call
from tests.voice.test_hearing_calls import in_tones, models_with

Kind = stt.SpeechEventType
BRIEFLY = load_words()[: 16000 * 6 // 10]
LONG_ANSWER = " ".join(["This answer goes on for a long while, as some do."] * 8)
QUESTION = "Shall I book the ten o'clock appointment with the doctor for you?"


def event(kind: Kind, words: str) -> stt.SpeechEvent:
    return stt.SpeechEvent(type=kind, alternatives=[stt.SpeechData(language="en", text=words)])


class Stage:
    """A floor with its surroundings set by hand."""

    def __init__(self) -> None:
        self.agent_speaks = False
        self.quiet_s = 0.0
        self.took = 0
        self.other_language = ""
        self.backchannels: list[tuple[str, bool]] = []
        self.coming: asyncio.Queue[stt.SpeechEvent | None] = asyncio.Queue()
        self.passed: asyncio.Queue[stt.SpeechEvent] = asyncio.Queue()
        self.turn_end = TurnEnd(TURN_TAKING_PRESETS["balanced"])
        floor = Floor(
            self.turn_end,
            may_guess=lambda words, _language: words != self.other_language,
            agent_has_it=lambda: self.agent_speaks,
            quiet_s=lambda: self.quiet_s,
            take_it=self._take,
            on_backchannel=lambda words, is_final: self.backchannels.append((words, is_final)),
        )
        self.task = asyncio.create_task(self._run(floor))

    def hear(self, kind: Kind, words: str) -> None:
        self.coming.put_nowait(event(kind, words))

    async def next(self) -> tuple[Kind, str]:
        passed = await asyncio.wait_for(self.passed.get(), 5)
        return passed.type, passed.alternatives[0].text

    async def close(self) -> None:
        self.coming.put_nowait(None)
        await asyncio.wait_for(self.task, 5)

    def _take(self) -> None:
        self.took += 1

    async def _run(self, floor: Floor) -> None:
        async for passed in floor.pass_on(self._events()):
            assert isinstance(passed, stt.SpeechEvent)
            self.passed.put_nowait(passed)

    async def _events(self) -> AsyncIterator[stt.SpeechEvent]:
        while (coming := await self.coming.get()) is not None:
            yield coming


async def test_partial_words_are_early_as_soon_as_the_caller_is_quiet() -> None:
    stage = Stage()
    stage.hear(Kind.INTERIM_TRANSCRIPT, "when are you open")
    assert await stage.next() == (Kind.INTERIM_TRANSCRIPT, "when are you open")
    stage.quiet_s = 0.15
    assert await stage.next() == (Kind.PREFLIGHT_TRANSCRIPT, "when are you open")
    for kind in (Kind.INTERIM_TRANSCRIPT, Kind.PREFLIGHT_TRANSCRIPT):
        stage.hear(kind, "when are you open")
        assert await stage.next() == (Kind.INTERIM_TRANSCRIPT, "when are you open")
    stage.hear(Kind.FINAL_TRANSCRIPT, "When are you open?")
    assert await stage.next() == (Kind.FINAL_TRANSCRIPT, "When are you open?")
    await stage.close()


async def test_a_partial_sentence_is_early_with_its_first_quiet_moment() -> None:
    stage = Stage()
    stage.quiet_s = 0.02
    stage.hear(Kind.INTERIM_TRANSCRIPT, "When are you open?")
    assert await stage.next() == (Kind.PREFLIGHT_TRANSCRIPT, "When are you open?")
    await stage.close()


async def test_partial_words_that_more_was_said_behind_are_not_early() -> None:
    stage = Stage()
    stage.hear(Kind.INTERIM_TRANSCRIPT, "when")
    assert await stage.next() == (Kind.INTERIM_TRANSCRIPT, "when")
    await asyncio.sleep(PATIENCE_S / 4)
    stage.quiet_s = 0.14
    stage.hear(Kind.FINAL_TRANSCRIPT, "when are you open")
    assert await stage.next() == (Kind.FINAL_TRANSCRIPT, "when are you open")
    await stage.close()


async def test_no_answer_is_begun_on_words_in_another_language() -> None:
    stage = Stage()
    stage.quiet_s, stage.other_language = 0.2, "क्या आज डॉक्टर हैं?"
    for kind in (Kind.INTERIM_TRANSCRIPT, Kind.PREFLIGHT_TRANSCRIPT):
        stage.hear(kind, stage.other_language)
        assert await stage.next() == (Kind.INTERIM_TRANSCRIPT, stage.other_language)
    await stage.close()


async def test_backchannels_pass_only_while_the_agent_is_silent() -> None:
    stage = Stage()
    stage.agent_speaks = True
    stage.hear(Kind.INTERIM_TRANSCRIPT, "haan")
    stage.hear(Kind.FINAL_TRANSCRIPT, "haan, achha")
    stage.hear(Kind.END_OF_SPEECH, "")
    assert (await stage.next())[0] is Kind.END_OF_SPEECH
    assert stage.backchannels == [("haan", False), ("haan, achha", True)]
    stage.agent_speaks = False
    stage.hear(Kind.FINAL_TRANSCRIPT, "haan")
    assert await stage.next() == (Kind.FINAL_TRANSCRIPT, "haan")
    assert stage.took == 0
    await stage.close()


async def test_other_words_take_the_floor() -> None:
    stage = Stage()
    stage.agent_speaks = True
    stage.hear(Kind.INTERIM_TRANSCRIPT, "no")
    assert (await stage.next())[1] == "no"
    assert stage.took == 0
    stage.hear(Kind.INTERIM_TRANSCRIPT, "no wait")
    assert (await stage.next())[1] == "no wait"
    stage.hear(Kind.FINAL_TRANSCRIPT, "stop")
    assert (await stage.next())[1] == "stop"
    assert stage.took == 2
    await stage.close()


async def test_an_agent_goes_on_after_a_backchannel() -> None:
    call = start_call(scripted_models(["tell me", "haan achha"], [LONG_ANSWER]), greeting=None)
    await _interrupt(call)
    await call.line.screen.until_final("haan achha")
    await call.notes.until(lambda notes: len(notes.turns) == 1, within_s=60.0)
    await call.hang_up()
    (turn,) = call.notes.turns
    assert not turn.interrupted
    assert turn.agent_response == LONG_ANSWER
    assert turn.user_transcript == "tell me"
    assert turn.stop_ms is None
    assert turn.trace["false_alarms"] == 1
    assert call.line.screen.finals(Party.AGENT) == [LONG_ANSWER]


async def test_an_agent_goes_on_after_a_sound_without_words() -> None:
    call = start_call(scripted_models(["tell me"], [LONG_ANSWER]), greeting=None)
    await _interrupt(call)
    await call.notes.until(lambda notes: len(notes.turns) == 1, within_s=60.0)
    await call.hang_up()
    (turn,) = call.notes.turns
    assert (turn.interrupted, turn.agent_response) == (False, LONG_ANSWER)


async def test_the_shortest_word_answers_a_question() -> None:
    models = scripted_models(["book it", "haan"], [QUESTION, "It is booked."])
    call = start_call(models, greeting=None)
    await call.line.microphone.say(BRIEFLY)
    await call.line.screen.until_shown(Party.AGENT, "doctor for")
    await call.line.microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 2)
    await call.hang_up()
    assert [turn.user_transcript for turn in call.notes.turns] == ["book it", "haan"]
    assert call.notes.turns[1].agent_response == "It is booked."


def test_what_it_took_to_stop_is_counted_to_the_agents_last_sound() -> None:
    async def run() -> RunningCall:
        call = start_call(scripted_models(["tell me", "stop it now"], [LONG_ANSWER]), greeting=None)
        await _interrupt(call)
        await call.notes.until(lambda notes: len(notes.turns) == 1)
        await call.hang_up()
        return call

    call = run_call_jumping(run())
    cut, earpiece = call.notes.turns[0], call.line.earpiece
    assert cut.interrupted and cut.stop_ms is not None and cut.stop_ms < 500
    until_s = call.line.microphone.onset_s + cut.stop_ms / 1000
    assert all(handed_s <= until_s for handed_s, _ in earpiece.handed)


def test_an_agent_goes_on_as_soon_as_a_listener_has_said_haan() -> None:
    async def run() -> RunningCall:
        call = start_call(scripted_models(["tell me", "haan"], [LONG_ANSWER]), greeting=None)
        await _interrupt(call)
        await call.line.screen.until_final("haan")
        await call.notes.until(lambda notes: len(notes.turns) == 1, within_s=60.0)
        await call.hang_up()
        return call

    call = run_call_jumping(run())
    said_s = call.line.microphone.end_s
    went_on_s = min(at_s for at_s, _ in call.line.earpiece.handed if at_s > said_s)
    assert went_on_s - said_s < 0.5


def test_a_late_yes_is_an_answer_though_the_agent_asks_for_patience() -> None:
    async def run() -> RunningCall:
        ears = ToneEars([Failing("stall", 1.8)], final_after_s=0.1)
        call = start_call(models_with(ears), greeting="Shall I book it?")
        await call.notes.until(lambda notes: len(notes.turns) == 1)
        await call.line.microphone.say(in_tones("yes yes"))
        await call.notes.until(lambda notes: any(one.user_transcript for one in notes.turns))
        await call.hang_up()
        return call

    turns = run_call_jumping(run()).notes.turns
    assert [turn.user_transcript for turn in turns] == [None, None, "yes yes"]
    assert turns[1].generated.startswith("One moment") and turns[1].interrupted


async def _interrupt(call: RunningCall) -> None:
    """The caller makes a sound while the long answer is being said."""
    await call.line.microphone.say(BRIEFLY)
    await call.line.screen.until_state(AgentState.SPEAKING)
    await call.line.screen.until_shown(Party.AGENT, "goes on")
    await call.line.microphone.say(np.ascontiguousarray(BRIEFLY))
