"""The caller's side of a conversation: what they say, in which language, and who hears it."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from livekit.agents import AgentSession
from livekit.agents.voice.events import UserInputTranscribedEvent, UserStateChangedEvent

from callmissed.domain.lines import Captions, Party
from callmissed.kit.clock import Clock
from callmissed.kit.loudness import LevelLog
from callmissed.voice.answers import Utterance
from callmissed.voice.hearing import ResilientSTT
from callmissed.voice.hearing_order import Ears
from callmissed.voice.language import Following, follow, spoken_language
from callmissed.voice.shown_words import ShownWords
from callmissed.voice.utterances import UtteranceWatch


class Caller:
    """Shows the caller's words as they come, and keeps them until their turn is over.

    `on_language` is called with another language (BCP-47) than before when the caller is to be
    answered in it; the other notices are those of `ResilientSTT`. `silence_s` is how long our
    voice detector waits before it says that the caller paused.
    """

    def __init__(
        self,
        candidates: Sequence[Ears],
        *,
        language: str,
        levels: LevelLog,
        captions: Captions,
        clock: Clock,
        silence_s: float,
        on_language: Callable[[str], None],
        on_late: Callable[[], None],
        on_deaf: Callable[[], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self.ears = ResilientSTT(candidates, on_late=on_late, on_deaf=on_deaf, on_lost=on_lost)
        self._utterances = UtteranceWatch(levels, clock, language)
        self._following = Following(language)
        self._captions = captions
        self._silence_s = silence_s
        self._on_language = on_language
        self._shown = ShownWords()
        self._caption_id = ""

    def listen_to(self, session: AgentSession[Any]) -> None:
        """To what the engine tells of the caller."""
        session.on("user_state_changed", self._note_state)
        session.on("user_input_transcribed", self._note_words)

    def onset_s(self) -> float | None:
        """When the present burst of speech began, to 10 ms."""
        return self._utterances.onset_s()

    def end_utterance(self, words: str) -> Utterance:
        """The whole turn, which is over."""
        return self._utterances.end(words, self.ears.take_report())

    def cut_off(self) -> Utterance | None:
        """What was said when the call ended before the turn did; None when no words are known."""
        return self._utterances.cut_off()

    def keeps_language(self, words: str, reported: str | None) -> bool:
        """Whether these words are of the present language, and would be answered in it."""
        present = self._following.language
        follows = follow(self._following, words, reported).language == present
        return follows and spoken_language(words, reported, present) == present

    def show_backchannel(self, words: str, is_final: bool) -> None:
        """Words by which the caller only says that they listen: shown, and no turn of theirs."""
        self._show(words.strip(), is_final=is_final)

    def _note_state(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._utterances.begin()
            self.ears.note_speech()
        else:
            self.ears.note_silence(self._silence_s)

    def _note_words(self, event: UserInputTranscribedEvent) -> None:
        words = event.transcript.strip()
        if not words:
            return
        self._show(words, is_final=event.is_final)
        if event.is_final:
            reported = str(event.language) if event.language else None
            self._follow_language(words, reported)
            language = spoken_language(words, reported, self._following.language)
            self._utterances.note_final(words, language)

    def _show(self, words: str, *, is_final: bool) -> None:
        self._caption_id = self._caption_id or f"caller-{uuid4().hex[:12]}"
        shown = words if is_final else self._shown.take_partial(words)
        self._captions.show_words(Party.CALLER, self._caption_id, shown, is_final=is_final)
        if is_final:
            self._shown.end()
            self._caption_id = ""

    def _follow_language(self, words: str, reported: str | None) -> None:
        before = self._following.language
        self._following = follow(self._following, words, reported)
        if self._following.language != before:
            self._on_language(self._following.language)
