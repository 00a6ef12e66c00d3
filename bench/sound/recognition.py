"""What loudness, noise and their treatment do to the embedded recogniser's words.

`python -m bench.sound.recognition [VOICES]` (rms,awb,kal) prints the word error rate of the spoken
questions at four levels and in three kinds of noise: as they come, through our input, and through
WebRTC's noise suppression (`filter_noise`) and gain control.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

import jiwer
import numpy as np
from livekit import rtc
from livekit.agents.voice import io

from bench.sound.noises import NOISES, Sound, as_samples, at_level
from callmissed.domain.sound import SoundIn
from callmissed.kit.lexical import words_of
from callmissed.providers.local.decoders import DecoderPool
from callmissed.providers.local.stt import LocalSTT
from callmissed.voice.listening import ListenedInput
from callmissed.voice.sound_played import PlayedSound
from tests.speech.evaluation import next_final
from tests.speech.recordings import RATE_HZ, Spoken, read_recording, spoken_questions

LEVELS_DB = (-40.0, -30.0, -20.0, -10.0)
NOISY_SPEECH_DB = -24.0
NOISE_BELOW_DB = 10.0
ROOM_BELOW_DB = 48.0
FRAME = RATE_HZ // 50
PAUSE_S = 0.4
DECODERS = 2


class Treatment(Protocol):
    """What is done to one caller's sound before it is recognised."""

    async def treat(self, frame: rtc.AudioFrame) -> rtc.AudioFrame: ...


class AsItComes:
    async def treat(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        return frame


class OurInput(io.AudioInput):
    """The call's own input, where the agent says nothing."""

    played_s = 0.0
    audible_at_s = silent_at_s = None

    def __init__(self, treatment: SoundIn | None = None) -> None:
        super().__init__(label="recording")
        self._frame: rtc.AudioFrame | None = None
        self._now_s = 0.0
        self._listened = ListenedInput(
            self, lambda: self._now_s, lambda _: None, PlayedSound(self), treatment or SoundIn()
        )

    async def treat(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        self._now_s += frame.duration
        self._frame = frame
        return await anext(self._listened)

    async def __anext__(self) -> rtc.AudioFrame:
        assert self._frame is not None
        return self._frame


class WebRtc:
    """WebRTC's audio processing, as the media library brings it: 10 ms at a time."""

    def __init__(self, *, noise: bool, gain: bool) -> None:
        self._apm = rtc.AudioProcessingModule(
            noise_suppression=noise, high_pass_filter=noise, auto_gain_control=gain
        )

    async def treat(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        half = len(frame.data) // 2
        treated = bytearray()
        for start in (0, half):
            data = bytearray(frame.data[start : start + half])
            piece = rtc.AudioFrame(data, frame.sample_rate, 1, half)
            self._apm.process_stream(piece)
            treated += bytes(piece.data)
        return rtc.AudioFrame(treated, frame.sample_rate, 1, 2 * half)


BY_LEVEL: dict[str, Callable[[], Treatment]] = {
    "as it comes": AsItComes,
    "our input": OurInput,
    "WebRTC gain control": lambda: WebRtc(noise=False, gain=True),
}
BY_NOISE: dict[str, Callable[[], Treatment]] = {
    "as it comes": AsItComes,
    "our input": OurInput,
    "WebRTC noise suppression": lambda: WebRtc(noise=True, gain=False),
    "our input with `filter_noise`": lambda: OurInput(SoundIn(filter_noise=True)),
}


async def hear(
    pool: DecoderPool, spoken: Sequence[Spoken], rooms: Sequence[Sound], treatment: Treatment
) -> list[str]:
    """The final words of each recording, all of one caller's call."""
    heard = []
    async with LocalSTT(pool).stream() as stream:
        for room in rooms:
            pcm = as_samples(room)
            for at in range(0, len(pcm) - FRAME + 1, FRAME):
                frame = rtc.AudioFrame(pcm[at : at + FRAME].tobytes(), RATE_HZ, 1, FRAME)
                stream.push_frame(await treatment.treat(frame))
            stream.flush()
            heard.append(await next_final(stream))
    assert len(heard) == len(spoken)
    return heard


def at_loudness(item: Spoken, level_db: float, dice: np.random.Generator) -> Sound:
    """The words at that level, in a quiet room by the same microphone, with a pause on either
    side."""
    words = _framed(at_level(_words(item), level_db))
    return words + at_level(dice.standard_normal(len(words)), level_db - ROOM_BELOW_DB)


def in_noise(item: Spoken, kind: str, dice: np.random.Generator) -> Sound:
    words = _framed(at_level(_words(item), NOISY_SPEECH_DB))
    noise = NOISES[kind](len(words) / RATE_HZ + 1, dice)[: len(words)]
    return words + at_level(noise, NOISY_SPEECH_DB - NOISE_BELOW_DB)


async def error_rate(
    pool: DecoderPool,
    voices: Sequence[str],
    treatment: Callable[[], Treatment],
    room_of: Callable[[Spoken, np.random.Generator], Sound],
) -> float:
    everything = [*spoken_questions("main"), *spoken_questions("held_out")]

    async def one(voice: str) -> list[tuple[str, str]]:
        spoken = [item for item in everything if item.voice == voice]
        dice = np.random.default_rng(11)
        rooms = [room_of(item, dice) for item in spoken]
        heard = await hear(pool, spoken, rooms, treatment())
        return [(item.text, words) for item, words in zip(spoken, heard, strict=True)]

    pairs = [pair for some in await asyncio.gather(*map(one, voices)) for pair in some]
    said = [" ".join(words_of(text)) for text, _ in pairs]
    return float(jiwer.wer(said, [" ".join(words_of(words)) for _, words in pairs]))


async def main(voices: Sequence[str]) -> None:
    pool = DecoderPool(ready=DECODERS, limit=len(voices))
    await pool.open()
    try:
        levels = [f"{level_db:.0f} dBFS" for level_db in LEVELS_DB]
        print("| words wrong, in a hundred | " + " | ".join(levels) + " |\n|---|---|---|---|---|")
        for name, treatment in BY_LEVEL.items():
            rates = [
                await error_rate(
                    pool, voices, treatment, lambda item, dice, db=db: at_loudness(item, db, dice)
                )
                for db in LEVELS_DB
            ]
            print(_row(name, rates), flush=True)
        print("\n| in noise 10 dB below | " + " | ".join(NOISES) + " |\n|---|---|---|---|")
        for name, treatment in BY_NOISE.items():
            rates = [
                await error_rate(
                    pool,
                    voices,
                    treatment,
                    lambda item, dice, kind=kind: in_noise(item, kind, dice),
                )
                for kind in NOISES
            ]
            print(_row(name, rates), flush=True)
    finally:
        await pool.aclose()


def _row(name: str, rates: Sequence[float]) -> str:
    return f"| {name} | " + " | ".join(f"{100 * rate:.1f}" for rate in rates) + " |"


def _words(item: Spoken) -> Sound:
    pcm = read_recording(item.path)
    audible = np.flatnonzero(np.abs(pcm.astype(np.int32)) > 200)
    return np.asarray(pcm[audible[0] : audible[-1] + 1], np.float64)


def _framed(words: Sound) -> Sound:
    pause = np.zeros(int(PAUSE_S * RATE_HZ))
    return np.concatenate([pause, words, pause])


if __name__ == "__main__":
    chosen = sys.argv[1].split(",") if len(sys.argv) > 1 else ["rms", "awb", "kal"]
    asyncio.run(main(chosen))
