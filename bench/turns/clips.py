"""What callers say into an agent's speech, in synthetic voices: flite for English and Hindi in Latin
script, espeak-ng for Hindi.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from callmissed.kit.pcm import Samples, resample
from callmissed.providers.local.espeak import Espeak
from callmissed.providers.local.flite import Flite

RATE_HZ = 16_000
AUDIBLE = 200
PEAK = 9_000

BACKCHANNELS = {
    "english": ("hmm", "okay", "right", "yeah", "I see"),
    "hindi": ("हाँ", "अच्छा", "जी", "ठीक है", "हम्म"),
    "hinglish": ("haan", "achha okay", "haan ji", "theek hai", "okay ji"),
}
CUT_INS = {
    "english": (
        "no wait please",
        "stop that is wrong",
        "excuse me a moment",
        "I want Sunday",
        "hold on",
    ),
    "hindi": ("नहीं रुकिए", "एक मिनट रुको", "मुझे कल आना है", "यह गलत है", "सुनिए ज़रा"),
    "hinglish": (
        "nahi ruko please",
        "ek minute wait",
        "mujhe kal aana hai",
        "no galat hai",
        "suno zara",
    ),
}
VOICES = {"english": ("slt", "rms"), "hindi": ("hi",), "hinglish": ("awb", "slt")}


@dataclass(frozen=True)
class Clip:
    """Words and their sound, from its first to its last audible sample."""

    language: str
    words: str
    sound: Samples


@lru_cache
def _engines() -> tuple[Flite, Espeak]:
    return Flite(), Espeak()


def say(language: str, words: str, nth: int = 0) -> Clip:
    """The words in one of the language's voices, as loud as a caller near a telephone."""
    flite, espeak = _engines()
    voice = VOICES[language][nth % len(VOICES[language])]
    if language == "hindi":
        sound, rate_hz = espeak.speak(words, voice)
    else:
        sound, rate_hz = flite.speak(words, voice)
    pcm = resample(sound, rate_hz, RATE_HZ)
    audible = np.flatnonzero(np.abs(pcm) > AUDIBLE)
    cut = pcm[audible[0] : audible[-1] + 1].astype(np.float32)
    scaled = cut * (PEAK / np.abs(cut).max())
    return Clip(language, words, scaled.astype(np.int16))


def all_clips(words: dict[str, tuple[str, ...]]) -> list[Clip]:
    return [
        say(language, text, nth)
        for language, texts in words.items()
        for nth, text in enumerate(texts)
    ]
