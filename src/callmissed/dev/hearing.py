"""What a simulated recogniser hears in a stream of sound: where speech begins and ends, its words."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from callmissed.dev.scenario import Ears, Utterance
from callmissed.dev.tones import Decoder, HeardWord
from callmissed.dev.vocabulary import language_of
from callmissed.kit.pcm import Samples

FRAME_MS = 10
LOUD_RMS = 150.0
MIN_SPEECH_MS = 40
FORGET_MS = 100
SCRIPTED_WORD_MS = 200


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    at_ms: int


@dataclass(frozen=True, slots=True)
class WordHeard:
    """`so_far` is all of the utterance up to this word."""

    so_far: Utterance


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    at_ms: int


HearingEvent = SpeechStarted | WordHeard | SpeechEnded


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was heard since the last was taken. `text` is empty for sound without words."""

    text: str
    language: str
    start_ms: int
    end_ms: int


@dataclass
class Hearing:
    """One socket's ears. `silence_ms` of quiet end a stretch of speech; None: nothing does."""

    ears: Ears
    rate_hz: int
    silence_ms: float | None
    heard_ms: int = 0
    _words: list[str] = field(default_factory=list)
    _found: list[HeardWord] = field(default_factory=list)
    _spoken: int = 0
    _start_ms: int = 0
    _last_loud_ms: int = 0
    _loud_ms: int = 0
    _in_speech: bool = False
    _is_taken: bool = True

    def __post_init__(self) -> None:
        self._decoder = Decoder(self.rate_hz)
        self._frame = self.rate_hz * FRAME_MS // 1000
        self._rest: Samples = np.zeros(0, dtype=np.int16)

    def push(self, samples: Samples) -> list[HearingEvent]:
        """What follows from this sound."""
        if self.ears.hear == "tones":
            self._found += self._decoder.push(samples)
        whole = np.concatenate([self._rest, samples])
        count = len(whole) // self._frame
        frames = whole[: count * self._frame].reshape(count, self._frame)
        self._rest = whole[count * self._frame :]
        powers = np.mean(frames.astype(np.float32) ** 2, axis=1)
        return [event for power in powers for event in self._hear(power > LOUD_RMS**2)]

    @property
    def quiet_ms(self) -> int:
        """How long ago the last sound was heard, in the time of the stream."""
        return self.heard_ms - self._last_loud_ms

    def take(self, *, is_flush: bool) -> Stretch | None:
        """What was heard since the last time; None where there was no sound at all."""
        if is_flush:
            self._found += self._decoder.flush()
            self._words += [heard.word for heard in self._found]
            self._found = []
        if self._is_taken:
            return None
        utterance = self._whole()
        stretch = Stretch(utterance.text, utterance.language, self._start_ms, self._last_loud_ms)
        if self.ears.hear == "script":
            self._spoken += 1
        self._words = []
        self._is_taken = True
        self._loud_ms = 0
        return stretch

    def _hear(self, loud: bool) -> Iterator[HearingEvent]:
        """Takes the next frame."""
        self.heard_ms += FRAME_MS
        if loud:
            yield from self._hear_loud()
        while self._found and self._found[0].end_ms <= self.heard_ms:
            self._words.append(self._found.pop(0).word)
            yield WordHeard(self._whole())
        if self.ears.hear == "script" and loud and self._loud_ms % SCRIPTED_WORD_MS == 0:
            yield from self._next_scripted()
        if not loud:
            yield from self._hear_quiet()

    def _hear_loud(self) -> Iterator[HearingEvent]:
        if not self._loud_ms:
            self._start_ms = self.heard_ms - FRAME_MS
        self._loud_ms += FRAME_MS
        self._last_loud_ms = self.heard_ms
        if self._loud_ms >= MIN_SPEECH_MS:
            self._is_taken = False
            if not self._in_speech:
                self._in_speech = True
                yield SpeechStarted(self._start_ms)

    def _hear_quiet(self) -> Iterator[HearingEvent]:
        if not self._in_speech:
            if self.quiet_ms >= FORGET_MS and self._is_taken:
                self._loud_ms = 0
        elif self.silence_ms is not None and self.quiet_ms >= self.silence_ms:
            self._in_speech = False
            self._loud_ms = 0
            yield SpeechEnded(self.heard_ms)

    def _next_scripted(self) -> Iterator[HearingEvent]:
        words = self._scripted().text.split()
        if len(self._words) < len(words):
            self._words.append(words[len(self._words)])
            yield WordHeard(Utterance(" ".join(self._words), self._scripted().language))

    def _whole(self) -> Utterance:
        if self.ears.hear == "script":
            return self._scripted()
        return Utterance(" ".join(self._words), self.ears.language or language_of(self._words))

    def _scripted(self) -> Utterance:
        script = self.ears.script or (Utterance(""),)
        return script[self._spoken % len(script)]


def hear_whole(ears: Ears, samples: Samples, rate_hz: int, *, spoken: int = 0) -> Stretch | None:
    """What is heard in a file; `spoken` scripted utterances were heard before it."""
    hearing = Hearing(ears, rate_hz, silence_ms=None, _spoken=spoken)
    hearing.push(samples)
    return hearing.take(is_flush=True)
