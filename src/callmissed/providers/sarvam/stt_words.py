"""From what a socket tells to LiveKit's speech events."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from livekit.agents import stt
from livekit.agents.language import LanguageCode

from callmissed.providers.sarvam.stt_languages import told_language
from callmissed.providers.sarvam.stt_sound import SoundLog
from callmissed.providers.sarvam.stt_wire import SpeechBegan, SpeechEnded, Words

MAX_AWAITED = 3
"""Utterances that began and have no final words; a noise may never get any."""
UNHEARD_S = 0.15
"""So much sound behind the last partial holds no further word."""
LATE_S = 1.0
"""A server tells that somebody began to speak at most that long after it."""

_Kind = stt.SpeechEventType
_WORD = re.compile(r"[^\s.,!?;:।॥\"()]+")


class Dictation:
    """One socket's words, in LiveKit's order: each START_OF_SPEECH has one END_OF_SPEECH, which may
    stand before or after the final as it came.

    Words that no sound was sent for are not passed on: a partial not at all, a final as one without
    words, since somebody may wait for it. A partial's `metadata["stable_words"]` counts the words
    at its beginning that the partial before it had too; where these are all, or where the speech
    ended with it, it is a PREFLIGHT_TRANSCRIPT: good enough to begin an answer.

    A final that only writes such a partial's words differently keeps the partial's spelling, since
    another would throw the begun answer away; its own is in `metadata["written"]`.

    `offset_s` is where the socket's sound begins in the caller's. A final's `end_time` is where the
    sound ends that its words cover, and 0 where nobody knows.
    """

    def __init__(self, sound: SoundLog, language: str, offset_s: float = 0.0) -> None:
        self._sound = sound
        self._language = language
        self._offset_s = offset_s
        self._is_speaking = False
        self._awaited = 0
        self._is_flushed = False
        self._began_s = 0.0
        self._partial: Words | None = None
        self._partial_at_s = 0.0
        self._told_early = ""
        self._request_id = ""

    def flush(self) -> Iterator[stt.SpeechEvent]:
        """Our own voice detector says that the speech is over."""
        self._sound.mark(is_exact=True)
        self._is_flushed = True
        yield from self._tell_whole()

    def take(self, news: SpeechBegan | SpeechEnded | Words) -> Iterator[stt.SpeechEvent]:
        match news:
            case SpeechBegan():
                self._sound.begin()
                yield from self._end()
                yield self._begin()
            case SpeechEnded():
                self._sound.mark(is_exact=False)
                yield from self._tell_whole()
                yield from self._end()
            case Words(is_final=False):
                yield from self._take_partial(news)
            case Words():
                yield from self._take_final(news)

    def _take_partial(self, words: Words) -> Iterator[stt.SpeechEvent]:
        if not words.text or not (self._partial or self._sound.can_be_words()):
            return
        if not self._awaited:
            yield self._begin()
        heard, before = _spoken(words.text), _spoken(self._partial.text if self._partial else "")
        stable = _common(heard, before)
        self._partial, self._partial_at_s = words, self._sound.position_s
        if heard == before:
            yield from self._tell_early()
        else:
            metadata = {"stable_words": stable}
            yield self._words(_Kind.INTERIM_TRANSCRIPT, words, metadata=metadata)

    def _take_final(self, words: Words) -> Iterator[stt.SpeechEvent]:
        self._request_id = words.request_id
        claim = self._sound.claim()
        is_heard = claim.is_granted and bool(words.text)
        was_open = bool(self._awaited) or self._is_speaking
        if is_heard and not was_open:
            yield self._begin()
        known_s = [words.end_s if self._is_likely(words.end_s) else None, claim.ends_s]
        ends_s = max((at_s for at_s in known_s if at_s is not None), default=None)
        told = self._as_told_early(words) if is_heard else replace(words, text="", confidence=0.0)
        metadata = None if told.text in ("", words.text) else {"written": words.text}
        yield self._words(_Kind.FINAL_TRANSCRIPT, told, ends_s=ends_s, metadata=metadata)
        self._partial, self._told_early = None, ""
        self._awaited = max(0, self._awaited - 1)
        if self._is_flushed or not was_open:
            yield from self._end()

    def _as_told_early(self, words: Words) -> Words:
        is_same = _spoken(words.text) == _spoken(self._told_early)
        return replace(words, text=self._told_early) if is_same else words

    def _is_likely(self, end_s: float | None) -> bool:
        """A server may count from elsewhere than the socket's first sound."""
        return end_s is not None and self._began_s - LATE_S < end_s <= self._sound.position_s

    def _tell_whole(self) -> Iterator[stt.SpeechEvent]:
        """The speech is over: a partial that came at its end has all of its words."""
        if self._sound.sounded_s(self._partial_at_s) <= UNHEARD_S:
            yield from self._tell_early()

    def _tell_early(self) -> Iterator[stt.SpeechEvent]:
        partial = self._partial
        if partial is not None and _spoken(partial.text) != _spoken(self._told_early):
            self._told_early = partial.text
            metadata = {"stable_words": len(_spoken(partial.text))}
            yield self._words(_Kind.PREFLIGHT_TRANSCRIPT, partial, metadata=metadata)

    def _begin(self) -> stt.SpeechEvent:
        self._is_speaking = True
        self._awaited = min(self._awaited + 1, MAX_AWAITED)
        self._is_flushed = False
        self._partial, self._told_early = None, ""
        self._began_s = self._sound.position_s
        return stt.SpeechEvent(type=_Kind.START_OF_SPEECH, request_id=self._request_id)

    def _end(self) -> Iterator[stt.SpeechEvent]:
        if self._is_speaking:
            self._is_speaking = False
            yield stt.SpeechEvent(type=_Kind.END_OF_SPEECH, request_id=self._request_id)

    def _words(
        self,
        kind: stt.SpeechEventType,
        words: Words,
        *,
        ends_s: float | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> stt.SpeechEvent:
        data = stt.SpeechData(
            language=LanguageCode(told_language(words.language, self._language)),
            text=words.text,
            start_time=self._offset_s + self._began_s,
            end_time=0.0 if ends_s is None else self._offset_s + ends_s,
            confidence=1.0 if words.confidence is None else words.confidence,
            metadata=metadata,
        )
        return stt.SpeechEvent(type=kind, request_id=words.request_id, alternatives=[data])


def _spoken(text: str) -> list[str]:
    """The words without what is only written."""
    return [word.casefold() for word in _WORD.findall(text)]


def _common(some: list[str], others: list[str]) -> int:
    """How many words they have in common at their beginning."""
    pairs = zip(some, others, strict=False)
    shorter = min(len(some), len(others))
    return next((i for i, (one, other) in enumerate(pairs) if one != other), shorter)
