"""One conversation: the engine with our agent, our ears, our mouth and our record of the turns."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from livekit.agents import AgentSession, llm, tts
from livekit.agents.voice import io
from livekit.agents.voice.events import (
    AgentStateChangedEvent,
    CloseEvent,
    CloseReason,
    ConversationItemAddedEvent,
    SpeechCreatedEvent,
)
from livekit.agents.voice.speech_handle import SpeechHandle

from callmissed.domain.calls import CallDesk, CallTerms
from callmissed.domain.lines import AgentState, Captions, Playhead
from callmissed.domain.models import Candidate
from callmissed.domain.prompts import compose_instructions
from callmissed.domain.turns import Turn
from callmissed.kit.clock import Clock
from callmissed.voice.agent import CallAgent
from callmissed.voice.answers import Answer, AnswerBook
from callmissed.voice.assembly import open_brain, open_session, open_voice, pause_s
from callmissed.voice.caller import Caller
from callmissed.voice.cut_ins import CutIns
from callmissed.voice.hearing_order import Ears
from callmissed.voice.listening import ListenedInput
from callmissed.voice.memory import memory_of
from callmissed.voice.meters import CallMeter
from callmissed.voice.output import SpokenOutput
from callmissed.voice.remarks import Remarks
from callmissed.voice.sentence_cache import SentenceCache
from callmissed.voice.sound_played import PlayedSound
from callmissed.voice.turn_end import TurnEnd
from callmissed.voice.turns import TurnLog

MAX_FAILED_ANSWERS = 3
CLOSE_TIMEOUT_S = 5.0


class Conversation:
    """Start it, greet when the caller hears us, close it. Turns are told through `tell_turn`, each
    once.

    `on_failure` is called at most once, when the conversation cannot go on, with what is wrong.
    """

    def __init__(
        self,
        terms: CallTerms,
        *,
        ears: Sequence[Ears],
        minds: Sequence[Candidate[llm.LLM[Any]]],
        mouths: Sequence[Candidate[tts.TTS[Any]]],
        meter: CallMeter,
        sentences: SentenceCache | None,
        desk: CallDesk,
        sound_in: io.AudioInput,
        sound_out: io.AudioOutput,
        playhead: Playhead,
        captions: Captions,
        clock: Clock,
        tell_turn: Callable[[Turn], None],
        on_arrival: Callable[[], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self._terms = terms
        self._captions = captions
        self._on_arrival = on_arrival
        self._on_failure = on_failure
        self._book = AnswerBook()
        self._meter = meter
        self._log = TurnLog(
            llm_model=terms.route.llm.id,
            language=terms.route.language,
            budgets_ms=terms.budgets_ms,
            clock=clock,
            meter=meter,
            tell=tell_turn,
        )
        played = PlayedSound(playhead)
        self._input = ListenedInput(
            sound_in, clock.monotonic_s, self._note_arrival, played, terms.sound_in
        )
        self._caller = Caller(
            ears,
            language=terms.route.language,
            levels=self._input.levels,
            captions=captions,
            clock=clock,
            silence_s=pause_s(terms.turn_taking),
            on_language=self._answer_in,
            on_late=lambda: self._remarks.ask_to_wait(),
            on_deaf=lambda: self._remarks.tell_unheard(),
            on_lost=self._give_up_soon,
        )
        self._cut_ins = CutIns(self._book, self._caller.onset_s)
        self._turn_end = TurnEnd(terms.turn_taking)
        self._output = SpokenOutput(
            sound_out,
            playhead,
            captions,
            self._book.current,
            played,
            is_cut_off=self._cut_ins.is_cut_off,
            on_stuck=self._speak_again,
        )
        self._voice = open_voice(
            terms,
            mouths,
            rate_hz=sound_out.sample_rate or mouths[0].engine.sample_rate,
            sentences=sentences,
            meter=meter,
            clock=clock,
        )
        self._brain = open_brain(terms, minds, desk, meter, clock)
        self._agent = CallAgent(
            instructions=compose_instructions(
                terms.system_prompt, terms.route.language, terms.passages
            ),
            brain=self._brain,
            voice=self._voice,
            floor=self._cut_ins.open_floor(self._caller, self._turn_end, self._input.quiet_s),
            memory=memory_of(terms.history),
            book=self._book,
            on_guess=self._log.note_guess,
            on_turn_over=self._end_utterance,
        )
        self._session = self._listen_to(
            open_session(
                self._caller.ears,
                minds[0].engine,
                mouths[0].engine,
                terms.turn_taking,
                self._input.quiet_s,
            )
        )
        opening = self._voice.clips.bridge if terms.has_begun else terms.greeting
        self._remarks = Remarks(self._session, self._voice, self._book, opening)
        if opening:
            self._input.expect_agent()
        self._failed_answers = 0
        self._has_failed = False
        self._parting: asyncio.Task[None] | None = None

    @property
    def caller_audio_s(self) -> float:
        return self._input.heard_s

    @property
    def agent_audio_s(self) -> float:
        return self._output.spoken_s

    async def start(self) -> None:
        """Afterwards the agent listens; what it will say of its own accord is being synthesised."""
        self._session.input.audio = self._input
        self._session.output.audio = self._output
        await self._session.start(self._agent, record=False, session_host=False)
        self._remarks.start()

    async def greet(self) -> None:
        """A turn of its own, interruptible like any other: the greeting (nothing where the terms
        have none), or the line that bridges the gap to an earlier run of the call.
        """
        await self._remarks.greet()

    def bridge(self) -> None:
        """Tells the caller that it was we who were away for a moment; returns at once."""
        self._remarks.bridge()

    async def say_goodbye(self) -> None:
        """Instead of what is being said. Returns when the caller has heard it, or soon after."""
        await self.hush()
        await self._remarks.take_leave()

    async def hush(self) -> None:
        """Stops what is being said; nobody hears it."""
        await self._session.interrupt(force=True)

    async def aclose(self) -> None:
        """Silence at once, then the end; every turn has been told afterwards."""
        if self._parting is not None:
            self._parting.cancel()
            await asyncio.wait([self._parting])
        await self._remarks.aclose()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._session.aclose()
        except TimeoutError:
            pass
        self._output.aclose()
        for answer in self._book.drop_all():
            self._log.finish_answer(answer, interrupted=True)
        self._log.finish_call(self._caller.cut_off())

    def _listen_to(self, session: AgentSession[None]) -> AgentSession[None]:
        self._caller.listen_to(session)
        self._cut_ins.listen_to(session)
        self._input.listen_to(session)
        self._turn_end.listen_to(session)
        session.on("agent_state_changed", self._note_agent_state)
        session.on("conversation_item_added", self._note_item)
        session.on("speech_created", self._note_speech)
        session.on("close", self._note_close)
        return session

    def _note_arrival(self, at_s: float) -> None:
        self._log.note_arrival(at_s)
        self._on_arrival()

    def _end_utterance(self, words: str) -> None:
        self._log.end_utterance(self._caller.end_utterance(words))
        self._cut_ins.end_turn()
        self._turn_end.end_turn()

    def _note_agent_state(self, event: AgentStateChangedEvent) -> None:
        self._captions.show_state(AgentState(event.new_state))

    def _note_item(self, event: ConversationItemAddedEvent) -> None:
        answer = self._book.find_current()
        is_words = isinstance(event.item, llm.ChatMessage) and event.item.role == "user"
        if answer is not None and is_words:
            answer.ask(self._log.take_utterance())

    def _note_speech(self, event: SpeechCreatedEvent) -> None:
        self._book.of(event.speech_handle.id)
        self._meter.open(event.speech_handle.id)
        event.speech_handle.add_done_callback(self._finish_speech)

    def _finish_speech(self, handle: SpeechHandle) -> None:
        answer = self._book.drop(handle.id)
        if answer is None:
            return
        if answer.heard:
            self._turn_end.note_said(answer.generated)
        self._log.finish_answer(answer, interrupted=handle.interrupted)
        self._count_failure(answer)
        # The engine keeps every event until the call's end; nothing reads them.
        self._session._recorded_events.clear()

    def _count_failure(self, answer: Answer) -> None:
        if answer.failure:
            self._failed_answers += 1
        elif answer.heard:
            self._failed_answers = 0
            self._remarks.complete_clips()
        if self._failed_answers == MAX_FAILED_ANSWERS + 1:
            detail = f"{self._failed_answers} answers in a row failed: {answer.failure}"
            self._give_up_soon(detail)

    def _speak_again(self) -> None:
        """What was being said did not reach the caller."""
        self._cut_ins.stop_agent()
        self._remarks.bridge()

    def _answer_in(self, language: str) -> None:
        """The caller speaks another language: the voice follows, where it can."""
        spoken = language if self._voice.set_language(language) else self._terms.route.tts_language
        self._voice.set_language(spoken)
        self._brain.answer_in(spoken)
        self._remarks.complete_clips()

    def _give_up_soon(self, detail: str) -> None:
        if self._parting is None:
            self._parting = asyncio.create_task(self._give_up(detail))

    async def _give_up(self, detail: str) -> None:
        """Takes leave where that is recorded; then the call fails."""
        if self._remarks.can_take_leave:
            await self.say_goodbye()
        self._fail(detail)

    def _note_close(self, event: CloseEvent) -> None:
        if event.reason is CloseReason.ERROR:
            self._fail(f"the engine closed: {event.error.type if event.error else 'unknown'}")

    def _fail(self, detail: str) -> None:
        if not self._has_failed:
            self._has_failed = True
            self._on_failure(detail)
