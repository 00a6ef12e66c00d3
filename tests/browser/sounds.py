"""What a page hears and says, on one clock, and what a recogniser makes of it."""

import asyncio
import base64
import re
import wave
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Page
from pocketsphinx import Decoder

from callmissed.kit.pcm import resample, trim_silence
from tests.speech.recordings import RATE_HZ, Spoken, read_recording

SCRIPT = Path(__file__).with_name("sound.js")
SILENCE_S = 0.8
ANSWER_TIMEOUT_S = 20.0
FILE_RATE_HZ = 48_000
PAUSE_S = 8.0

Pcm = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds of the page's audio clock."""

    from_s: float
    until_s: float


class PageSound:
    """Ears and mouth of one page; `sound.js` must have run in it."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def now_s(self) -> float:
        return float(await self._page.evaluate("testSound.now()"))

    async def say(self, words: Pcm) -> Span:
        text = base64.b64encode(words.tobytes()).decode()
        span = await self._page.evaluate("text => testSound.say(text)", text)
        return Span(span["from"], span["until"])

    async def wait_until_audible(self, since_s: float, for_s: float = 0.3) -> None:
        await self._wait("([since, s]) => testSound.audible(since, s)", since_s, for_s)

    async def wait_until_silent(self, since_s: float, for_s: float = SILENCE_S) -> None:
        await self._wait("([since, s]) => testSound.silent(since, s)", since_s, for_s)

    async def wait_until(self, moment_s: float) -> None:
        await self._wait("([moment]) => testSound.now() >= moment", moment_s)

    async def hear_out(self, since_s: float) -> None:
        """Returns when something was said after `since_s` and it has been quiet for a while."""
        await self.wait_until_audible(since_s, 0.2)
        await self.wait_until_silent(await self.now_s() - SILENCE_S)

    async def audible_share(self, span: Span) -> float:
        return float(
            await self._page.evaluate(
                "([a, b]) => testSound.audibleShare(a, b)", [span.from_s, span.until_s]
            )
        )

    async def last_audible_s(self, span: Span) -> float | None:
        found = await self._page.evaluate(
            "([a, b]) => testSound.lastAudible(a, b)", [span.from_s, span.until_s]
        )
        return None if found is None else float(found)

    async def first_audible_s(self, since_s: float) -> float | None:
        found = await self._page.evaluate("from => testSound.firstAudible(from)", since_s)
        return None if found is None else float(found)

    async def recorded(self, since_s: float) -> Pcm:
        text = await self._page.evaluate("from => testSound.recorded(from)", since_s)
        return np.frombuffer(base64.b64decode(text), np.int16)

    async def _wait(self, expression: str, *values: float) -> None:
        await self._page.wait_for_function(
            expression, arg=list(values), timeout=ANSWER_TIMEOUT_S * 1000, polling=20
        )


def words_of(spoken: Spoken) -> Pcm:
    """The recording without the silence around it."""
    return trim_silence(read_recording(spoken.path), RATE_HZ, keep_head_ms=0, keep_tail_ms=0)


def write_microphone_file(path: Path, words: Pcm, *, before_s: float, times: int) -> None:
    """A WAV for Chromium's fake microphone, which begins to play when the page asks for one.

    After `before_s` of silence the words come `times` times, with `PAUSE_S` after each.
    """
    pause = np.zeros(int(RATE_HZ * PAUSE_S), np.int16)
    before = np.zeros(int(RATE_HZ * before_s), np.int16)
    samples = resample(np.concatenate([before, *[words, pause] * times]), RATE_HZ, FILE_RATE_HZ)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(FILE_RATE_HZ)
        file.writeframes(samples.tobytes())


async def recognise(heard: Pcm) -> str:
    """What a recogniser that knows nothing of the documents makes of 16 kHz speech."""
    return await asyncio.to_thread(_decode, heard)


def word_error_rate(written: str, heard: str) -> float:
    """0 where every word was heard, whatever its case and the punctuation."""
    spoken, understood = (
        " ".join(re.findall(r"[\w']+", text.lower())) for text in (written, heard)
    )
    return jiwer.wer(spoken, understood)


def _decode(heard: Pcm) -> str:
    decoder = Decoder(samprate=RATE_HZ, loglevel="FATAL")
    decoder.start_utt()
    decoder.process_raw(heard.tobytes(), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return found.hypstr if found else ""
