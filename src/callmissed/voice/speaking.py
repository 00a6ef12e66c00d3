"""Makes speech of an answer's text: the first clause at once, sentence after sentence behind it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing

import numpy as np
import structlog
from livekit import rtc

from callmissed.kit.loudness import first_audible_sample, loud_windows
from callmissed.voice.answers import Answer
from callmissed.voice.candidates import describe
from callmissed.voice.clauses import ClauseCutter
from callmissed.voice.deltas import hurried
from callmissed.voice.fillers import QUIET_LIMIT_S, Clip, Clips, Patience
from callmissed.voice.reel import Began, Ended, Reel, Take, WentOn
from callmissed.voice.script import Script
from callmissed.voice.synthesis import Synthesis, cut_frames

log = structlog.get_logger("callmissed.voice.speaking")

LOOKAHEAD_S = 4.0
"""The next piece is made when less sound than that is still to be played: early enough that no gap
is heard, late enough that an interruption wastes little."""


HURRY_S = 0.07
"""The first piece is cut so long after its first word at the latest, where enough words are there."""


class SpeechFailedError(Exception):
    """An answer's sound ends before its words do; what could be said instead was said."""


class TooLateError(Exception):
    """The caller has waited long enough."""


class Voice:
    """One call's way to speak. Instants are seconds of the running loop's clock."""

    def __init__(
        self,
        synthesis: Synthesis,
        monotonic_s: Callable[[], float],
        quiet_limit_s: float = QUIET_LIMIT_S,
    ) -> None:
        self._synthesis = synthesis
        self._monotonic_s = monotonic_s
        self._quiet_limit_s = quiet_limit_s
        self._clip_until_s = 0.0
        self.clips = Clips(self.record)
        self.clips.speak(synthesis.language)

    def set_language(self, language: str) -> bool:
        """What is said next is in this language (BCP-47); False, with nothing changed, where the
        chosen voice does not speak it. The standing sentences must be recorded again then."""
        if not self._synthesis.set_language(language):
            return False
        self.clips.speak(language)
        return True

    async def record(self, text: str) -> Clip:
        """The text as sound, ahead of time; empty when no voice can make it."""
        try:
            return await self._synthesis.record(text)
        except Exception as error:
            log.warning("a clip could not be synthesised", kind=describe(error))
            return b""

    async def play(
        self, text: str, clip: Clip, find_answer: Callable[[], Answer]
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """A recorded clip as the next line of an answer, which is asked for when it begins."""
        answer = find_answer()
        self._clip_until_s = self._monotonic_s() + self._duration_s(clip)
        answer.script.begin_line(text)
        answer.script.add_sound(self._duration_s(clip), self._loud(clip))
        answer.script.end_line()
        for frame in cut_frames(clip, self._synthesis.rate_hz):
            self._note_sound(frame, answer)
            yield frame

    async def speak(
        self, text: AsyncIterable[str], answer: Answer
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """The answer's sound as it is made; a filler wherever the caller would wait in silence.

        Where no voice is left, or the wait was too long, the apology is said in place of the rest
        and SpeechFailedError raised: so the engine's memory keeps what was heard, not what was
        meant. Where the words themselves end too early, the apology closes the answer.
        """
        answer.script = Script()
        reel = Reel(answer.changed)
        directing = asyncio.create_task(self._direct(text, answer, reel), name="direct speech")
        failure: Exception | None = None
        try:
            async with aclosing(self._read(reel, answer)) as frames:
                async for frame in frames:
                    yield frame
        except Exception as error:
            failure = error
        finally:
            directing.cancel()
            await asyncio.wait([directing])
        if failure is not None:
            log.warning("speech synthesis failed", kind=describe(failure))
            answer.failure = f"tts: {describe(failure)}"
            answer.script.cut_short()
        if failure is not None or answer.owes_apology:
            async with aclosing(self._apologise(answer)) as frames:
                async for frame in frames:
                    yield frame
        if failure is not None:
            raise SpeechFailedError from None

    async def _read(self, reel: Reel, answer: Answer) -> AsyncGenerator[rtc.AudioFrame, None]:
        patience = Patience(self.clips.fillers, self._quiet_limit_s)
        steps = reel.steps(
            lambda: patience.wait_s(self._quiet_from_s(reel, answer), self._monotonic_s())
        )
        async with aclosing(steps):
            async for step in steps:
                match step:
                    case None:
                        clip = self._fill_silence(patience, reel, answer)
                        for frame in cut_frames(clip, self._synthesis.rate_hz):
                            yield frame
                    case Began(text=text, expected_s=expected_s):
                        answer.script.begin_line(text, expected_s)
                    case WentOn(rest=rest, expected_s=expected_s):
                        answer.script.begin_rest(rest, expected_s)
                    case Ended():
                        answer.script.end_line()
                    case frame:
                        answer.script.add_sound(frame.duration, self._loud(frame.data))
                        self._note_sound(frame, answer)
                        yield frame

    def _quiet_from_s(self, reel: Reel, answer: Answer) -> float | None:
        """Since when the caller hears nothing, or from when on; None while nobody waits for us."""
        if answer.utterance is None:
            return None
        if not reel.made_s:
            return max(answer.utterance.end_s, self._clip_until_s)
        return self._monotonic_s() + self._ahead_s(reel, answer)

    def _fill_silence(self, patience: Patience, reel: Reel, answer: Answer) -> Clip:
        """The next filler's sound; nothing where it could not be recorded."""
        now_s = self._monotonic_s()
        at_work = self.clips.fillers[0] if answer.is_at_work and self.clips.fillers else None
        text = (
            patience.wait_on(now_s, at_work) if at_work else patience.take(now_s, self._is_recorded)
        )
        if text is None:
            raise TooLateError
        clip = self.clips.find(text)
        if not clip:
            return clip
        sound_s = self._duration_s(clip)
        answer.fillers.append(text)
        answer.script.add_aside(text, sound_s)
        reel.made_s += sound_s
        return clip

    def _is_recorded(self, text: str) -> bool:
        return bool(self.clips.find(text))

    async def _apologise(self, answer: Answer) -> AsyncGenerator[rtc.AudioFrame, None]:
        words = self.clips.apology
        clip = self.clips.find(words) or await self.record(words)
        if not clip:
            return
        said = answer.script.text
        text = f" {words}" if said and not said[-1].isspace() else words
        async with aclosing(self.play(text, clip, lambda: answer)) as frames:
            async for frame in frames:
                yield frame

    async def _direct(self, text: AsyncIterable[str], answer: Answer, reel: Reel) -> None:
        """Has the pieces made, each while the one before is played, at most two at a time.

        On a guess only the first one: what nobody asked for yet need not be said.
        """
        making: list[asyncio.Task[None]] = []
        async with asyncio.TaskGroup() as group:
            async for piece in self._pieces(text, answer):
                if making:
                    await answer.asked.wait()
                    await self._wait_until_wanted(reel, answer)
                    if len(making) > 1:
                        await asyncio.wait(making[:1])
                take = reel.open_take()
                making = [*making[-1:], group.create_task(self._make(take, piece, answer, reel))]
                await take.begun.wait()
        reel.end()

    async def _make(self, take: Take, piece: str, answer: Answer, reel: Reel) -> None:
        await self._synthesis.fill(
            reel,
            take,
            piece,
            answer.choices,
            ahead_s=lambda: self._ahead_s(reel, answer),
        )

    async def _pieces(self, text: AsyncIterable[str], answer: Answer) -> AsyncGenerator[str, None]:
        cutter = ClauseCutter()
        has_begun = False
        async for delta in hurried(text, HURRY_S, lambda: cutter.has_begun):
            if delta is None:
                pieces = cutter.hurry()
            else:
                words = delta if has_begun else delta.lstrip()
                has_begun = has_begun or bool(words)
                pieces = cutter.push(words)
            for piece in pieces:
                self._note_clause(answer)
                yield piece
        for piece in cutter.flush():
            self._note_clause(answer)
            yield piece

    async def _wait_until_wanted(self, reel: Reel, answer: Answer) -> None:
        while (early_s := self._ahead_s(reel, answer) - LOOKAHEAD_S) > 0:  # noqa: ASYNC110
            await asyncio.sleep(early_s)

    def _ahead_s(self, reel: Reel, answer: Answer) -> float:
        """How much sound is made and not yet played."""
        return max(0.0, reel.made_s - answer.position_s())

    def _duration_s(self, clip: Clip) -> float:
        return len(clip) / 2 / self._synthesis.rate_hz

    def _loud(self, pcm: bytes | memoryview) -> bytes:
        return loud_windows(np.frombuffer(pcm, np.int16), self._synthesis.rate_hz)

    def _note_clause(self, answer: Answer) -> None:
        if answer.instants.first_clause_s is None:
            answer.instants.first_clause_s = self._monotonic_s()

    def _note_sound(self, frame: rtc.AudioFrame, answer: Answer) -> None:
        if answer.instants.tts_audio_s is not None:
            return
        pcm = np.frombuffer(frame.data, dtype=np.int16)
        if first_audible_sample(pcm) is not None:
            answer.instants.tts_audio_s = self._monotonic_s()
