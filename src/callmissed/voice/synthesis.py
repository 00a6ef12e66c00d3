"""Makes the sound of one piece of text: from the cache, or by one voice after the other."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectOptions, tts

from callmissed.domain.models import Candidate, Service
from callmissed.domain.usage import Measure, Meter, Usage
from callmissed.kit.pcm import Resampler
from callmissed.voice.candidates import Choices, Trial
from callmissed.voice.reel import Began, Ended, Reel, Take, WentOn
from callmissed.voice.script import SECONDS_A_LETTER, words_within
from callmissed.voice.sentence_cache import (
    RecordingLostError,
    SentenceCache,
    Spoken,
    is_personal,
)
from callmissed.voice.spoken import speak_forms

FIRST_FRAME_TIMEOUT_S = 1.5
NEXT_FRAME_TIMEOUT_S = 1.0
NEARLY_DRY_S = 0.3
"""With more sound than that still to be played, a voice may take its time."""
FRAME_MS = 100
LEAST_LETTERS_FOR_PACE = 10
LEAST_SHARE = 0.3
"""Of the expected length; a stream over HTTP that breaks off may look as if it had ended."""
TTS_OPTIONS = APIConnectOptions(max_retry=0, timeout=FIRST_FRAME_TIMEOUT_S)
"""The next voice is worth more than the same one again."""


class NoSoundError(Exception):
    """A voice ended without a sound."""


class TooShortError(Exception):
    """A voice ended, without an error, long before its text can have been said."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A text-to-speech candidate and the name of its voice."""

    candidate: Candidate[tts.TTS[Any]]
    voice: str


@dataclass(frozen=True, slots=True)
class Privacy:
    """Whose sentences they are, and which words among them say something about this caller."""

    tenant_id: UUID
    private_words: Collection[str] = ()


class Synthesis:
    """The voices of one call, as mono PCM16 of `rate_hz` whatever rate each of them gives.

    `language` (BCP-47) says how numbers, dates and the like are read aloud.
    """

    def __init__(
        self,
        speakers: Sequence[Speaker],
        *,
        language: str,
        rate_hz: int,
        privacy: Privacy,
        sentences: SentenceCache | None,
        meter: Meter,
        first_frame_s: float = FIRST_FRAME_TIMEOUT_S,
        next_frame_s: float = NEXT_FRAME_TIMEOUT_S,
    ) -> None:
        self._speakers = {speaker.candidate.model.id: speaker for speaker in speakers}
        self._candidates = [speaker.candidate for speaker in speakers]
        self.rate_hz = rate_hz
        self._privacy = privacy
        self._sentences = sentences
        self._meter = meter
        self._first_frame_s = first_frame_s
        self._next_frame_s = next_frame_s
        self._willing = self._candidates
        self._paces: dict[str, float] = {}
        self.language = language

    def set_language(self, language: str) -> bool:
        """What is said next is spoken in this language, by the voices that speak it; False, with
        nothing changed, where the chosen voice does not."""
        speaks = [one for one in self._candidates if _take_up(one, language)]
        if not speaks or speaks[0] is not self._candidates[0]:
            for one in speaks:
                _take_up(one, self.language)
            return False
        self._willing = speaks
        self.language = language
        return True

    async def fill(
        self,
        reel: Reel,
        take: Take,
        text: str,
        choices: Choices,
        *,
        ahead_s: Callable[[], float],
    ) -> None:
        """Afterwards `take` is over: with all sound of the text, or with the failure of the last
        voice that was asked.

        A voice that fails before its first sound is left at once; one that breaks off is left for
        one that says the rest. `ahead_s` is how much sound is made and not yet played.
        """
        trial = Trial(Service.TTS, self._willing, choices)
        rest = text
        has_begun = False
        while (candidate := trial.next()) is not None:
            spoken = speak_forms(rest, self.language)
            expected_s = self._expected_s(candidate, spoken)
            step = WentOn if has_begun else Began
            reel.add(take, step(rest, expected_s))
            has_begun = True
            if not any(char.isalnum() for char in spoken):
                break
            made_s = 0.0
            try:
                sound = self._sound_of(candidate, rest, spoken)
                async with asyncio.timeout(self._first_frame_s) as limit, aclosing(sound) as chunks:
                    async for chunk in chunks:
                        made_s += self._add_sound(reel, take, chunk)
                        dry_s = max(0.0, ahead_s() - NEARLY_DRY_S)
                        limit.reschedule(_now_s() + max(self._next_frame_s, dry_s))
                trial.succeeded()
                self._learn_pace(candidate.model.id, spoken, made_s)
                break
            except RecordingLostError:
                trial.repeat()
            except Exception as error:
                trial.failed(error, after_output=made_s > 0)
            rest = unsaid(rest, made_s, expected_s)
            if not rest.strip():
                break
        else:
            reel.end_take(take, trial.last_error)
            return
        reel.add(take, Ended())
        reel.end_take(take)

    async def record(self, text: str) -> bytes:
        """The whole text as mono PCM16, by one voice. Raises the failure of the last voice asked."""
        trial = Trial(Service.TTS, self._willing, Choices())
        spoken = speak_forms(text, self.language)
        while (candidate := trial.next()) is not None:
            chunks: list[bytes] = []
            try:
                sound = self._sound_of(candidate, text, spoken)
                async with asyncio.timeout(self._first_frame_s) as limit, aclosing(sound) as made:
                    async for chunk in made:
                        chunks.append(chunk)
                        limit.reschedule(_now_s() + self._next_frame_s)
                clip = chunks[0] if len(chunks) == 1 else b"".join(chunks)
                made_s = len(clip) / 2 / self.rate_hz
                trial.succeeded()
                self._learn_pace(candidate.model.id, spoken, made_s)
                return clip
            except RecordingLostError:
                trial.repeat()
            except Exception as error:
                trial.failed(error, after_output=bool(chunks))
        raise trial.last_error

    def _expected_s(self, candidate: Candidate[tts.TTS[Any]], spoken: str) -> float:
        return len(spoken) * self._paces.get(candidate.model.id, SECONDS_A_LETTER)

    def _learn_pace(self, model_id: str, spoken: str, made_s: float) -> None:
        """How long a letter takes this voice: by it a sentence is cut that breaks off."""
        if len(spoken) >= LEAST_LETTERS_FOR_PACE:
            self._paces[model_id] = made_s / len(spoken)

    def _add_sound(self, reel: Reel, take: Take, pcm: bytes) -> float:
        made_s = 0.0
        for frame in cut_frames(pcm, self.rate_hz):
            reel.add(take, frame)
            made_s += frame.duration
        return made_s

    async def _sound_of(
        self, candidate: Candidate[tts.TTS[Any]], text: str, spoken: str
    ) -> AsyncGenerator[bytes, None]:
        """From the cache where the sentence may stand there; counted as cached then."""
        if self._sentences is None or is_personal(text, self._privacy.private_words):
            async with aclosing(self._synthesise(candidate, spoken)) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        is_made_here = False

        def make() -> AsyncGenerator[bytes, None]:
            nonlocal is_made_here
            is_made_here = True
            return self._synthesise(candidate, spoken)

        key = self._key(candidate, spoken)
        async with aclosing(self._sentences.sound(key, make)) as chunks:
            async for chunk in chunks:
                yield chunk
        if not is_made_here:
            counted = Measure.CACHED_CHARACTERS
            self._meter.add(Usage(Service.TTS, candidate.model.id, counted, len(spoken)))

    def _key(self, candidate: Candidate[tts.TTS[Any]], spoken: str) -> Spoken:
        voice = self._speakers[candidate.model.id].voice
        return Spoken(
            self._privacy.tenant_id,
            candidate.model.id,
            voice,
            self.language,
            self.rate_hz,
            spoken,
        )

    async def _synthesise(
        self, candidate: Candidate[tts.TTS[Any]], spoken: str
    ) -> AsyncGenerator[bytes, None]:
        """Raises what the engine raises, NoSoundError and TooShortError."""
        resampler: Resampler | None = None
        made_bytes = 0
        async with aclosing(_frames_of(candidate.engine, spoken)) as frames:
            async for frame in frames:
                chunk = bytes(frame.data)
                if frame.sample_rate != self.rate_hz:
                    resampler = resampler or Resampler(frame.sample_rate, self.rate_hz)
                    chunk = resampler.push(np.frombuffer(chunk, np.int16)).tobytes()
                made_bytes += len(chunk)
                yield chunk
        if resampler is not None:
            yield (rest := resampler.flush().tobytes())
            made_bytes += len(rest)
        made_s = made_bytes / 2 / self.rate_hz
        check_length(spoken, made_s, self._expected_s(candidate, spoken))


def check_length(spoken: str, made_s: float, expected_s: float) -> None:
    """Raises NoSoundError or TooShortError for what cannot be the whole text."""
    if not made_s:
        raise NoSoundError
    if len(spoken) >= LEAST_LETTERS_FOR_PACE and made_s < LEAST_SHARE * expected_s:
        raise TooShortError


def unsaid(text: str, made_s: float, whole_s: float) -> str:
    """What is left of a text of which `made_s` seconds were made, if all of it takes `whole_s`."""
    if not made_s:
        return text
    return text[len(words_within(text, min(1.0, made_s / max(whole_s, made_s)))) :]


def cut_frames(pcm: bytes, rate_hz: int) -> list[rtc.AudioFrame]:
    """Mono PCM16 in frames of at most 100 ms."""
    step = rate_hz * FRAME_MS // 1000 * 2
    pieces = (pcm[start : start + step] for start in range(0, len(pcm), step))
    return [rtc.AudioFrame(piece, rate_hz, 1, len(piece) // 2) for piece in pieces]


async def _frames_of(engine: tts.TTS[Any], text: str) -> AsyncGenerator[rtc.AudioFrame, None]:
    """One piece by itself; an engine that streams gets a stream for each."""
    if not engine.capabilities.streaming:
        async with engine.synthesize(text, conn_options=TTS_OPTIONS) as chunks:
            async for made in chunks:
                yield made.frame
        return
    async with engine.stream(conn_options=TTS_OPTIONS) as stream:
        stream.push_text(text)
        stream.end_input()
        async for made in stream:
            yield made.frame


def _take_up(candidate: Candidate[tts.TTS[Any]], language: str) -> bool:
    """An engine without a choice speaks what its model is listed for."""
    change = getattr(candidate.engine, "set_language", None)
    return bool(change(language)) if change else candidate.model.speaks(language)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
