"""How often a word that was shown while the caller speaks is taken back, with the embedded
recogniser.

`python -m bench.sound.captions [VOICES]` (rms,awb,kal) prints how many shown words changed before
the final words came, as told and as we show them, and how many settled words the final ones correct.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from livekit import rtc
from livekit.agents import stt

from bench.sound.noises import as_samples
from bench.sound.recognition import DECODERS, FRAME, at_loudness
from callmissed.kit.overlap import fold_word
from callmissed.providers.local.decoders import DecoderPool
from callmissed.providers.local.stt import LocalSTT
from callmissed.voice.shown_words import ShownWords
from tests.speech.recordings import RATE_HZ, Spoken, spoken_questions

LEVEL_DB = -24.0


async def partials_of(stream: stt.RecognizeStream, item: Spoken) -> tuple[list[str], str]:
    """The partial transcripts of a recording, in real time, and the final one."""
    partials, pcm = [], as_samples(at_loudness(item, LEVEL_DB, np.random.default_rng(2)))
    feeding = asyncio.create_task(_feed(stream, pcm))
    async for event in stream:
        if event.type is stt.SpeechEventType.INTERIM_TRANSCRIPT:
            partials.append(event.alternatives[0].text)
        if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
            await feeding
            return partials, event.alternatives[0].text
    raise AssertionError("the stream ended without a final transcript")


async def _feed(stream: stt.RecognizeStream, pcm: np.ndarray) -> None:
    for at in range(0, len(pcm) - FRAME + 1, FRAME):
        stream.push_frame(rtc.AudioFrame(pcm[at : at + FRAME].tobytes(), RATE_HZ, 1, FRAME))
        await asyncio.sleep(FRAME / RATE_HZ)
    stream.flush()


def count_changes(partials: Sequence[str], final: str, counts: Counter[str]) -> None:
    shown_words, told, shown = ShownWords(), [""], [""]
    for partial in partials:
        told.append(partial)
        shown.append(shown_words.take_partial(partial))
    counts["shown"] += sum(len(after.split()) for after in told)
    counts["told, changed"] += sum(_changed(*pair) for pair in pairwise(told))
    counts["shown, changed"] += sum(_changed(*pair) for pair in pairwise(shown))
    settled = shown_words.settled
    counts["settled"] += len(settled.split())
    counts["settled, corrected"] += _changed(settled, final)


def _changed(before: str, after: str) -> int:
    """Words of `before` that no longer stand where they stood."""
    words, kept = before.split(), after.split()
    return sum(
        place >= len(kept) or fold_word(word) != fold_word(kept[place])
        for place, word in enumerate(words)
    )


async def main(voices: Sequence[str]) -> None:
    counts: Counter[str] = Counter()
    pool = DecoderPool(ready=DECODERS, limit=len(voices))
    await pool.open()

    async def one(voice: str) -> None:
        async with LocalSTT(pool).stream() as stream:
            for item in (*spoken_questions("main"), *spoken_questions("held_out")):
                if item.voice == voice:
                    count_changes(*await partials_of(stream, item), counts)

    try:
        await asyncio.gather(*map(one, voices))
    finally:
        await pool.aclose()
    for name in ("shown", "told, changed", "shown, changed", "settled", "settled, corrected"):
        print(f"| {name} | {counts[name]} |")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1].split(",") if len(sys.argv) > 1 else ["rms", "awb", "kal"]))
