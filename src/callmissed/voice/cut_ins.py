"""The caller speaks while the agent does: when that began, and whether it was meant."""

from collections.abc import Callable
from functools import partial
from typing import Any

from livekit.agents import AgentSession
from livekit.agents.voice.events import AgentFalseInterruptionEvent, UserStateChangedEvent
from livekit.agents.voice.speech_handle import SpeechHandle

from callmissed.voice.answers import Answer, AnswerBook
from callmissed.voice.caller import Caller
from callmissed.voice.floor import Floor
from callmissed.voice.turn_end import TurnEnd


class CutIns:
    """The engine pauses the agent at the caller's voice, and lets it go on where no words came."""

    def __init__(self, book: AnswerBook, onset_s: Callable[[], float | None]) -> None:
        self._book = book
        self._onset_s = onset_s
        self._session: AgentSession[Any] | None = None
        self._is_replying = False
        self._was_backchannel = False

    def open_floor(self, caller: Caller, turn_end: TurnEnd, quiet_s: Callable[[], float]) -> Floor:
        """What stands between the recogniser and the engine; see there."""
        return Floor(
            turn_end,
            may_guess=caller.keeps_language,
            agent_has_it=self.is_spoken_over,
            quiet_s=quiet_s,
            take_it=self.stop_agent,
            on_backchannel=partial(self._note_backchannel, caller),
        )

    def listen_to(self, session: AgentSession[Any]) -> None:
        """To what the engine tells of the caller's voice."""
        self._session = session
        session.on("user_state_changed", self._note_voice)
        session.on("agent_false_interruption", self._forget)

    def agent_has_floor(self) -> bool:
        """Whether something is being said that the caller may want to hear out: not where it ends
        with a question, which even the shortest word answers."""
        answer = self._answer_under_way()
        return answer is not None and not answer.asks_for_reply()

    def is_spoken_over(self) -> bool:
        """Whether the caller's latest words were said into it. Words that come late, behind another
        recogniser's or the agent's "one moment", answered what was asked before.
        """
        return not self._is_replying and self.agent_has_floor()

    def is_cut_off(self) -> bool:
        """Whether the speech that was being said is given up."""
        speech = self._session.current_speech if self._session is not None else None
        return speech is not None and speech.interrupted

    def end_turn(self) -> None:
        """The caller's words so far have their answer."""
        self._is_replying = False

    def stop_agent(self) -> None:
        """The caller's words say that it is to stop; returns at once."""
        speech = self._speech_under_way()
        if speech is not None and speech.allow_interruptions:
            speech.interrupt()

    def _answer_under_way(self) -> Answer | None:
        """What is heard now, or is held back while the caller speaks."""
        speech = self._speech_under_way()
        answer = self._book.of(speech.id) if speech is not None else None
        return answer if answer is not None and answer.playhead is not None else None

    def _speech_under_way(self) -> SpeechHandle | None:
        """What is heard, or is about to be."""
        speech = self._session.current_speech if self._session is not None else None
        return speech if speech is not None and not speech.interrupted else None

    def _note_backchannel(self, caller: Caller, words: str, is_final: bool) -> None:
        caller.show_backchannel(words, is_final)
        self._was_backchannel = True
        self._go_on()

    def _go_on(self) -> None:
        """Has the agent go on at once after a listener's sound; the engine would wait on."""
        session = self._session
        if session is None or session.user_state == "speaking" or not self._was_backchannel:
            return
        self._was_backchannel = False
        if session.output.audio is not None and self._answer_under_way() is not None:
            session.output.audio.resume()

    def _note_voice(self, event: UserStateChangedEvent) -> None:
        if event.new_state != "speaking":
            self._go_on()
            return
        self._was_backchannel = False
        speech, answer = self._speech_under_way(), self._answer_under_way()
        self._is_replying = speech is None or (answer is not None and answer.asks_for_reply())
        if answer is not None:
            answer.barge_in_s = self._onset_s()

    def _forget(self, _event: AgentFalseInterruptionEvent) -> None:
        if (answer := self._answer_under_way()) is not None:
            answer.barge_in_s = None
            answer.false_alarms += 1
