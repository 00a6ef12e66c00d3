"""Recorded questions through recognition, retrieval and answerer, without a room.

`python -m tests.speech.evaluation` prints each question with what was heard and answered, the word
error rate and the scores.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import jiwer
import numpy as np
from livekit import rtc
from livekit.agents import stt

from callmissed.domain.knowledge import Passage
from callmissed.kit.lexical import Entry, LexicalIndex, words_of
from callmissed.kit.markdown import split_passages
from callmissed.providers.local.answerer import answer_words
from callmissed.providers.local.decoders import DecoderPool
from callmissed.providers.local.smalltalk import UNKNOWN
from callmissed.providers.local.stt import LocalSTT
from tests.speech.recordings import RATE_HZ, Spoken, read_recording, spoken_questions

FRAME_SAMPLES = RATE_HZ // 50
ROOM_NOISE = 8.0
MAX_FOUND = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    spoken: Spoken
    heard: str
    answer: str

    @property
    def is_right(self) -> bool:
        return self.spoken.is_told_by(self.answer) if self.spoken.facts else self.answer == UNKNOWN


class Clinic:
    """The sample document, retrieved from as a call does."""

    def __init__(self) -> None:
        folder = files("callmissed.services") / "sample"
        self._passages = [
            Passage(document=item.name, heading=piece.heading, text=piece.text)
            for item in folder.iterdir()
            if item.name.endswith(".md")
            for piece in split_passages(item.read_text(encoding="utf-8"))
        ]
        self._index = LexicalIndex(
            [Entry(title=passage.heading, body=passage.text) for passage in self._passages]
        )

    @property
    def texts(self) -> list[str]:
        return [f"{passage.heading} {passage.text}" for passage in self._passages]

    def find(self, words: str) -> list[Passage]:
        return [self._passages[hit.position] for hit in self._index.search(words, MAX_FOUND)]

    def answer(self, words: str, earlier: Sequence[str] = (), last_reply: str = "") -> str:
        return answer_words(words, self.find(words), earlier=earlier, last_reply=last_reply)


async def recognise(
    pool: DecoderPool, recordings: Sequence[Spoken], about: Sequence[str]
) -> list[str]:
    """The final words of each recording; one stream a voice, as one caller has."""
    heard: dict[Spoken, str] = {}

    async def listen(voice: str) -> None:
        mine = [spoken for spoken in recordings if spoken.voice == voice]
        async with LocalSTT(pool, about=about).stream() as stream:
            for spoken in mine:
                push_sound(stream, read_recording(spoken.path))
                stream.flush()
                heard[spoken] = await next_final(stream)

    async with asyncio.TaskGroup() as tasks:
        for voice in {spoken.voice for spoken in recordings}:
            tasks.create_task(listen(voice))
    return [heard[spoken] for spoken in recordings]


def push_sound(stream: stt.RecognizeStream, samples: np.ndarray) -> None:
    """With the faint noise of a quiet room, 20 ms a frame."""
    noise = np.random.default_rng(0).normal(0, ROOM_NOISE, len(samples))
    noisy = np.clip(samples + noise, -32768, 32767).astype(np.int16)
    for start in range(0, len(noisy) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        data = noisy[start : start + FRAME_SAMPLES].tobytes()
        stream.push_frame(rtc.AudioFrame(data, RATE_HZ, 1, FRAME_SAMPLES))


async def next_final(stream: stt.RecognizeStream) -> str:
    async for event in stream:
        if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
            return event.alternatives[0].text
    raise AssertionError("the stream ended without a final transcript")


async def evaluate(pool: DecoderPool, group: str) -> list[Outcome]:
    recordings = spoken_questions(group)
    clinic = Clinic()
    heard = await recognise(pool, recordings, clinic.texts)
    return [
        Outcome(spoken, words, clinic.answer(words))
        for spoken, words in zip(recordings, heard, strict=True)
    ]


def word_error_rate(outcomes: Sequence[Outcome]) -> float:
    said = [" ".join(words_of(outcome.spoken.text)) for outcome in outcomes]
    heard = [" ".join(words_of(outcome.heard)) for outcome in outcomes]
    return float(jiwer.wer(said, heard))


async def main() -> None:
    pool = DecoderPool(ready=3, limit=3)
    await pool.open()
    try:
        for group in ("main", "unknown", "held_out"):
            start_s = time.perf_counter()
            outcomes = await evaluate(pool, group)
            took_s = time.perf_counter() - start_s
            for outcome in outcomes:
                mark = "  " if outcome.is_right else "✗ "
                print(f"{mark}{outcome.spoken.path.stem}: {outcome.heard!r} → {outcome.answer!r}")
            right = sum(outcome.is_right for outcome in outcomes)
            typed = Clinic()
            typed_right = sum(
                Outcome(
                    outcome.spoken, outcome.spoken.text, typed.answer(outcome.spoken.text)
                ).is_right
                for outcome in outcomes
            )
            print(
                f"{group}: spoken {right}/{len(outcomes)}, typed {typed_right}/{len(outcomes)}, "
                f"word error rate {word_error_rate(outcomes):.1%}, {took_s:.0f} s\n"
            )
    finally:
        await pool.aclose()


if __name__ == "__main__":
    asyncio.run(main())
