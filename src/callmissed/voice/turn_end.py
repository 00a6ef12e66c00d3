"""How long the engine waits behind the caller's last sound: longer where more is coming."""

from typing import Any

from livekit.agents import AgentSession, UserStateChangedEvent

from callmissed.domain.calls import TurnTaking
from callmissed.domain.dictation import Ending, Request, find_request, judge_ending

DICTATION_S = 2.0
"""Pauses of a second and a half between two parts of a number are common; the detector of our own
is a little late on both sides of one."""


class TurnEnd:
    """Follows one caller's words, and sets the engine's wait before the words reach it.

    While final words are owed for what was said last, the turn does not end on those before it. A
    sound that a recogniser of partial words told none of was a cough, and owes nothing.
    """

    def __init__(self, taking: TurnTaking) -> None:
        self._taking = taking
        self._session: AgentSession[Any] | None = None
        self._request: Request | None = None
        self._finals: list[str] = []
        self._owes_final = False
        self._has_partial = False
        self._tells_partials = False
        self.wait_s = taking.wait_s

    def listen_to(self, session: AgentSession[Any]) -> None:
        """From now on the waits are that session's."""
        self._session = session
        ears = session.stt
        self._tells_partials = ears is not None and ears.capabilities.interim_results
        session.on("user_state_changed", self._note_voice)

    def note_said(self, text: str) -> None:
        """What the agent said, or meant to: it may have asked for something to be dictated."""
        if text.strip():
            self._request = find_request(text)

    def note_partial(self, words: str) -> bool:
        """Whether the turn may be whole with these words, so that an answer could be begun."""
        if not words.strip():
            return False
        self._owes_final = self._has_partial = True
        ending = self._judge(words)
        self._apply(ending)
        return ending is Ending.WHOLE

    def note_final(self, words: str) -> bool:
        """The same of all final words; none are given where they are not for the engine."""
        self._owes_final = False
        if words.strip():
            self._finals.append(words)
        ending = self._judge()
        self._apply(ending)
        return ending is Ending.WHOLE

    def allow_guess(self) -> bool:
        """From now on an answer may be begun on the final words so far; False where the turn is
        over."""
        if self._session is None or not self._finals:
            return False
        self._session.options.preemptive_generation["enabled"] = True
        return True

    def end_turn(self) -> None:
        """The engine has taken it for over."""
        self._finals.clear()
        self._request = None
        self._owes_final = False
        self._apply(Ending.WHOLE)

    def _note_voice(self, event: UserStateChangedEvent) -> None:
        if not self._finals:
            return
        if event.new_state == "speaking":
            self._owes_final, self._has_partial = True, False
            self._apply(self._judge())
        elif self._tells_partials and not self._has_partial:
            self._owes_final = False
            self._apply(self._judge())

    def _judge(self, partial: str = "") -> Ending:
        return judge_ending(" ".join([*self._finals, partial]), self._request)

    def _apply(self, ending: Ending) -> None:
        dictation_s = max(DICTATION_S, self._taking.max_wait_s)
        waits_s = {
            Ending.WHOLE: self._taking.wait_s,
            Ending.OPEN: self._taking.max_wait_s,
            Ending.DICTATING: dictation_s,
        }
        is_held = self._owes_final and bool(self._finals)
        self._set(dictation_s if is_held else waits_s[ending], ending is Ending.WHOLE)

    def _set(self, wait_s: float, is_whole: bool) -> None:
        session = self._session
        if session is None:
            return
        # The engine begins an answer on every final words; it has no other way to be told.
        session.options.preemptive_generation["enabled"] = is_whole
        if wait_s != self.wait_s:
            self.wait_s = wait_s
            session.update_options(endpointing_opts={"min_delay": wait_s})
