"""Rooms that callers sit in, made from arithmetic and recorded voices. 16 kHz mono, signed 16 bit as
floats; `level_db` is the root mean square in dB of full scale.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tests.speech.recordings import RATE_HZ, read_recording, spoken_questions

Sound = NDArray[np.float64]

TALKERS = 6
PASSING_CARS_A_S = 0.15
HORNS_A_S = 0.05
HORN_HZ = (420.0, 510.0)


def pink(length_s: float, dice: np.random.Generator) -> Sound:
    """As much power in each octave."""
    count = int(length_s * RATE_HZ)
    spectrum = np.fft.rfft(dice.standard_normal(count))
    octaves = np.maximum(np.fft.rfftfreq(count, 1 / RATE_HZ), 20.0)
    return np.fft.irfft(spectrum / np.sqrt(octaves), count)


def babble(length_s: float, dice: np.random.Generator) -> Sound:
    """Six people talking at once, each without end, in three voices."""
    spoken = spoken_questions("main")
    return np.sum([_talker(length_s, spoken, dice) for _ in range(TALKERS)], axis=0)


def street(length_s: float, dice: np.random.Generator) -> Sound:
    """The rumble of traffic, cars that pass, and now and then a horn."""
    count = int(length_s * RATE_HZ)
    seconds = np.arange(count) / RATE_HZ
    sound = _below(pink(length_s, dice), 400.0)
    sound /= _rms(sound)
    hiss = pink(length_s, dice)
    hiss /= _rms(hiss)
    for passing_s in dice.uniform(0, length_s, max(1, int(length_s * PASSING_CARS_A_S))):
        sound += 2.0 * hiss * np.exp(-(((seconds - passing_s) / 1.2) ** 2))
    for begins_s in dice.uniform(0, length_s, max(1, int(length_s * HORNS_A_S))):
        blows = (seconds > begins_s) & (seconds < begins_s + dice.uniform(0.2, 0.8))
        sound += blows * sum(np.sin(2 * np.pi * hertz * seconds) for hertz in HORN_HZ)
    return sound


NOISES: dict[str, Callable[[float, np.random.Generator], Sound]] = {
    "pink": pink,
    "babble": babble,
    "street": street,
}


def level_of_db(sound: NDArray[np.floating] | NDArray[np.int16]) -> float:
    """Root mean square, in dB of full scale."""
    return 20 * float(np.log10(max(_rms(np.asarray(sound, np.float64)) / 32768, 1e-9)))


def at_level(sound: NDArray[np.floating] | NDArray[np.int16], level_db: float) -> Sound:
    """The same sound as loud as that."""
    return np.asarray(sound, np.float64) * 10 ** ((level_db - level_of_db(sound)) / 20)


def as_samples(sound: Sound) -> NDArray[np.int16]:
    return np.clip(np.round(sound), -32768, 32767).astype(np.int16)


def _talker(length_s: float, spoken: Sequence[object], dice: np.random.Generator) -> Sound:
    count, said, pieces = int(length_s * RATE_HZ), 0, []
    while said < count + RATE_HZ:
        path = spoken[dice.integers(len(spoken))].path  # type: ignore[attr-defined]
        piece = at_level(read_recording(path), -26.0)
        pieces.append(piece)
        said += len(piece)
    start = int(dice.integers(RATE_HZ))
    return np.concatenate(pieces)[start : start + count]


def _below(sound: Sound, hertz: float) -> Sound:
    spectrum = np.fft.rfft(sound)
    spectrum[np.fft.rfftfreq(len(sound), 1 / RATE_HZ) > hertz] *= 0.1
    return np.fft.irfft(spectrum, len(sound))


def _rms(sound: Sound) -> float:
    return float(np.sqrt(np.mean(sound * sound)))
