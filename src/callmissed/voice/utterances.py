"""Follows what the caller says until the turn is over: its words, its first and its last sound."""

from collections.abc import Mapping
from typing import Any

from callmissed.kit.clock import Clock
from callmissed.kit.loudness import LevelLog
from callmissed.voice.answers import Utterance

DETECTION_DELAY_S = 0.1
"""Voice activity is reported about that long after its first sound."""


class UtteranceWatch:
    """`begin` at each voice activity, `note_final` at each final transcript, `end` when the turn is
    over."""

    def __init__(self, levels: LevelLog, clock: Clock, language: str) -> None:
        self._levels = levels
        self._clock = clock
        self._language = language
        self._began_s: float | None = None
        self._latest_burst_s: float | None = None
        self._final_words_s: float | None = None
        self._words: list[str] = []

    def begin(self) -> None:
        """The caller speaks; a pause inside one turn begins nothing new."""
        now_s = self._clock.monotonic_s()
        self._latest_burst_s = now_s
        if self._began_s is None:
            self._began_s = now_s

    def note_final(self, words: str, language: str) -> None:
        """`language` (BCP-47) is the one of these words."""
        self._final_words_s = self._clock.monotonic_s()
        self._words.append(words.strip())
        self._language = language

    def onset_s(self) -> float | None:
        """When the present burst of speech began, to 10 ms."""
        return self._first_sound_s(self._latest_burst_s)

    def end(self, words: str, hearing: Mapping[str, Any] | None = None) -> Utterance:
        """The whole turn; the watch is ready for the next. `hearing` is who heard it, for the
        record.
        """
        now_s = self._clock.monotonic_s()
        began_s = self._first_sound_s(self._began_s) or self._began_s or now_s
        utterance = Utterance(
            words=words,
            language=self._language,
            onset_s=began_s,
            end_s=self._levels.last_sound_s(began_s, now_s) or now_s,
            final_words_s=self._final_words_s,
            endpoint_s=now_s,
            hearing=hearing or {},
        )
        self._began_s = self._final_words_s = None
        self._words.clear()
        return utterance

    def cut_off(self) -> Utterance | None:
        """What was said when the call ended before the turn did; None when no words are known."""
        return self.end(" ".join(self._words)) if self._words else None

    def _first_sound_s(self, detected_s: float | None) -> float | None:
        if detected_s is None:
            return None
        near_s = detected_s - DETECTION_DELAY_S / 2
        return self._levels.first_sound_s(near_s, self._clock.monotonic_s())
