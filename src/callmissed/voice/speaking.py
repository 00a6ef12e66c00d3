"""Makes speech of an answer's text: the first clause at once, sentence after sentence behind it."""

import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectOptions, tts

from callmissed.kit.loudness import first_audible_sample
from callmissed.voice.answers import Answer
from callmissed.voice.clauses import ClauseCutter
from callmissed.voice.spoken import speak_forms

logger = logging.getLogger(__name__)

Clip = tuple[rtc.AudioFrame, ...]


class Voice:
    """One call's way to speak. `language` (BCP-47) says how numbers, dates and the like are read aloud; captions and
    transcript keep them as written. `apology` is played where an answer cannot be synthesised.
    """

    def __init__(
        self,
        engine: tts.TTS[Any],
        language: str,
        options: APIConnectOptions,
        monotonic_s: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._language = language
        self._options = options
        self._monotonic_s = monotonic_s
        self._apology: tuple[str, Clip] | None = None

    async def record(self, text: str) -> Clip:
        """The text as sound, ahead of time; empty when the engine cannot make it."""
        try:
            async with aclosing(self._synthesize(text)) as frames:
                return tuple([frame async for frame in frames])
        except Exception as error:
            logger.warning("a clip could not be synthesised: %s", type(error).__name__)
            return ()

    async def keep_apology(self, text: str) -> None:
        """Has the apology ready for the moment when the engine fails."""
        if clip := await self.record(text):
            self._apology = (text, clip)

    async def play(
        self, text: str, clip: Clip, answer: Answer
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """A recorded clip as the sound of an answer."""
        answer.script.replace(text)
        for frame in clip:
            answer.script.add_sound(frame.duration)
        answer.script.end_line()
        for frame in clip:
            yield frame

    async def speak(
        self, text: AsyncIterable[str], answer: Answer
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """The answer's sound as it is made.

        Where the engine fails before the first sound, the apology is played in its place; after
        it, the answer ends there. Then the failure is raised: so the engine's memory keeps what
        was heard, not what was meant.
        """
        made_sound = False
        try:
            async with aclosing(self._speak_pieces(text, answer)) as frames:
                async for frame in frames:
                    self._note_sound(frame, answer)
                    made_sound = True
                    yield frame
        except Exception as error:
            logger.warning("speech synthesis failed: %s", type(error).__name__)
            answer.failure = f"tts: {type(error).__name__}"
            if made_sound or self._apology is None:
                answer.script.cut_short()
                raise
            words, clip = self._apology
            async with aclosing(self.play(words, clip, answer)) as frames:
                async for frame in frames:
                    self._note_sound(frame, answer)
                    yield frame
            raise

    async def _speak_pieces(
        self, text: AsyncIterable[str], answer: Answer
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        async for piece in self._pieces(text, answer):
            answer.script.begin_line(piece)
            async with aclosing(self._synthesize(piece)) as frames:
                async for frame in frames:
                    answer.script.add_sound(frame.duration)
                    yield frame
            answer.script.end_line()

    async def _pieces(self, text: AsyncIterable[str], answer: Answer) -> AsyncGenerator[str, None]:
        cutter = ClauseCutter()
        async for delta in text:
            for piece in cutter.push(delta):
                self._note_clause(answer)
                yield piece
        for piece in cutter.flush():
            self._note_clause(answer)
            yield piece

    async def _synthesize(self, text: str) -> AsyncGenerator[rtc.AudioFrame, None]:
        """One piece by itself; an engine that streams gets a stream for each."""
        text = speak_forms(text, self._language)
        if not any(char.isalnum() for char in text):
            return
        if not self._engine.capabilities.streaming:
            async with self._engine.synthesize(text, conn_options=self._options) as chunks:
                async for made in chunks:
                    yield made.frame
            return
        async with self._engine.stream(conn_options=self._options) as stream:
            stream.push_text(text)
            stream.end_input()
            async for made in stream:
                yield made.frame

    def _note_clause(self, answer: Answer) -> None:
        if answer.instants.first_clause_s is None:
            answer.instants.first_clause_s = self._monotonic_s()

    def _note_sound(self, frame: rtc.AudioFrame, answer: Answer) -> None:
        if answer.instants.tts_audio_s is not None:
            return
        pcm = np.frombuffer(frame.data, dtype=np.int16)
        if first_audible_sample(pcm) is not None:
            answer.instants.tts_audio_s = self._monotonic_s()
