"""What the engine is told of the caller's words: listeners' sounds take no floor, and words that
seem whole start an answer before they are final.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from dataclasses import replace

from livekit.agents import stt

from callmissed.domain.backchannels import is_backchannel
from callmissed.voice.deltas import watched
from callmissed.voice.turn_end import TurnEnd

LOOK_EVERY_S = 0.02
QUIET_S = 0.12
"""Partial words behind which nobody was heard for so long are taken for whole."""
BRIEFLY_QUIET_S = 0.01
"""Partial words that end like a sentence need no more than this."""
SENTENCE_ENDS = (".", "?", "!", "।", "؟", "…")
AT_THE_END_S = 0.1
"""Partial words that came so long before the last sound, or later, may cover all of it."""
DICTATED_QUIET_S = 1.5
"""So long behind a part of a dictation an answer is begun, though another part may follow."""
NOTHING_MORE = " "
"""Tells the engine that the final words so far are to be answered early: it looks for no others."""
PATIENCE_S = 1.0
WORDS_THAT_TAKE_IT = 2
"""Partial words that many, when they are no backchannel, are no mishearing either."""

_Kind = stt.SpeechEventType


class Floor:
    """Stands between the recogniser and the engine.

    `turn_end` is told of the words before the engine is. `may_guess` says whether an answer may be
    begun on these words in this language (BCP-47; None: nobody told). `agent_has_it` says whether
    these words were said into something of the agent's that the caller could cut short;
    `quiet_s` for how long the caller has made no sound; `take_it` is called when partial words
    show that the caller wants the floor; `on_backchannel` with words that did not take it and
    whether they are final.
    """

    def __init__(
        self,
        turn_end: TurnEnd,
        *,
        may_guess: Callable[[str, str | None], bool],
        agent_has_it: Callable[[], bool],
        quiet_s: Callable[[], float],
        take_it: Callable[[], None],
        on_backchannel: Callable[[str, bool], None],
    ) -> None:
        self._turn_end = turn_end
        self._may_guess = may_guess
        self._agent_has_it = agent_has_it
        self._quiet_s = quiet_s
        self._take_it = take_it
        self._on_backchannel = on_backchannel
        self._partial: stt.SpeechEvent | None = None
        self._partial_s = 0.0
        self._told_early = ""
        self._part: stt.SpeechEvent | None = None

    async def pass_on(
        self, events: AsyncIterable[stt.SpeechEvent | str]
    ) -> AsyncGenerator[stt.SpeechEvent | str, None]:
        """The events in their order; some partial words early, backchannels not at all."""
        async with aclosing(watched(events, self._look_in_s)) as coming:
            async for event in coming:
                passed: stt.SpeechEvent | str | None
                if event is None:
                    passed = self._take_early()
                elif isinstance(event, str):
                    passed = event
                else:
                    passed = self._judge(event)
                if passed is not None:
                    yield passed

    def _look_in_s(self) -> float | None:
        """How soon pending words may seem whole; None where there are none."""
        if self._part is not None:
            return max(LOOK_EVERY_S, DICTATED_QUIET_S - self._quiet_s())
        if self._partial is None:
            return None
        return max(LOOK_EVERY_S, self._needed_s(self._partial) - self._quiet_s())

    def _judge(self, event: stt.SpeechEvent) -> stt.SpeechEvent | None:
        """What the engine is told instead; None: nothing."""
        words = event.alternatives[0].text if event.alternatives else ""
        if event.type is _Kind.FINAL_TRANSCRIPT:
            self._partial = self._part = None
            self._told_early = ""
            passed = self._gate(event, words, is_final=True)
            may_be_whole = self._turn_end.note_final(words if passed is not None else "")
            if passed is not None and words and not may_be_whole:
                self._part = event
            return passed
        if event.type not in (_Kind.INTERIM_TRANSCRIPT, _Kind.PREFLIGHT_TRANSCRIPT):
            return event
        if self._gate(event, words, is_final=False) is None:
            return None
        self._partial = self._part = None
        may_be_whole = self._turn_end.note_partial(words)
        if not may_be_whole or not self._may_guess(words, event.alternatives[0].language or None):
            return replace(event, type=_Kind.INTERIM_TRANSCRIPT)
        if words == self._told_early:
            # Told early once more they would throw away the answer that was begun on them.
            return replace(event, type=_Kind.INTERIM_TRANSCRIPT)
        if event.type is _Kind.INTERIM_TRANSCRIPT:
            self._partial, self._partial_s = event, asyncio.get_running_loop().time()
        return self._take_early() or event

    def _gate(
        self, event: stt.SpeechEvent, words: str, *, is_final: bool
    ) -> stt.SpeechEvent | None:
        if not words or not self._agent_has_it():
            return event
        if is_backchannel(words):
            self._on_backchannel(words, is_final)
            return None
        if is_final or len(words.split()) >= WORDS_THAT_TAKE_IT:
            self._take_it()
        return event

    def _take_early(self) -> stt.SpeechEvent | None:
        """The pending partial words as ones that an answer can be begun on, once they seem whole;
        they are forgotten when they have waited too long for that."""
        if self._part is not None:
            return self._take_part_early(self._part)
        if self._partial is None:
            return None
        now_s, quiet_s = asyncio.get_running_loop().time(), self._quiet_s()
        early, age_s = self._partial, now_s - self._partial_s
        if quiet_s >= self._needed_s(early) and age_s <= quiet_s + AT_THE_END_S:
            self._partial = None
            self._told_early = early.alternatives[0].text
            return replace(early, type=_Kind.PREFLIGHT_TRANSCRIPT)
        if age_s > PATIENCE_S:
            self._partial = None
        return None

    def _take_part_early(self, part: stt.SpeechEvent) -> stt.SpeechEvent | None:
        """What begins an answer to the final words so far, when nothing has followed them."""
        if self._quiet_s() < DICTATED_QUIET_S:
            return None
        self._part = None
        if not self._turn_end.allow_guess():
            return None
        nothing = replace(part.alternatives[0], text=NOTHING_MORE)
        return replace(part, type=_Kind.PREFLIGHT_TRANSCRIPT, alternatives=[nothing])

    def _needed_s(self, partial: stt.SpeechEvent) -> float:
        words = partial.alternatives[0].text
        return BRIEFLY_QUIET_S if words.rstrip().endswith(SENTENCE_ENDS) else QUIET_S
