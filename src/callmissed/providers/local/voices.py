"""Which engine and voice speaks a text, and one thread in which they all do."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from callmissed.kit.pcm import Samples, resample, trim_silence
from callmissed.providers.local.espeak import LANGUAGES as ESPEAK_LANGUAGES
from callmissed.providers.local.espeak import Espeak
from callmissed.providers.local.flite import DEFAULT_VOICE, Flite
from callmissed.providers.local.flite import VOICES as FLITE_VOICES

SYNTHESIS_TIMEOUT_S = 10.0
HEAD_MS = 15
TAIL_MS = 60

_log = logging.getLogger(__name__)

# First code point of each block of 128, and the language it is read as (Devanagari as Hindi unless
# it is Marathi).
_SCRIPTS = {
    0x0900: "hi",
    0x0980: "bn",
    0x0A00: "pa",
    0x0A80: "gu",
    0x0B00: "or",
    0x0B80: "ta",
    0x0C00: "te",
    0x0C80: "kn",
    0x0D00: "ml",
}


class Voices:
    """The engines of this machine; `open` loads them, `speak` uses them one text at a time."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="synthesis")
        self._flite: Flite | None = None
        self._espeak: Espeak | None = None

    async def open(self) -> None:
        """Loads what the machine has and speaks a word with it, so that the first sentence is no
        slower than others.

        Raises RuntimeError where there is neither flite nor espeak-ng.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._load)

    async def aclose(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def engines(self) -> tuple[str, ...]:
        """The names of the engines that were found."""
        found = (("flite", self._flite), ("espeak-ng", self._espeak))
        return tuple(name for name, engine in found if engine is not None)

    async def speak(
        self, text: str, *, engine: str, voice: str, language: str, rate_hz: int
    ) -> Samples:
        """The text as PCM16 mono with short silences at its edges; empty where nothing in it can be
        spoken.

        Wishes that cannot be met are met as nearly as possible: another script than the language's
        is read by an engine that knows it, an unknown voice becomes the default one. Raises
        RuntimeError when the engine fails, TimeoutError when it hangs.
        """
        work = asyncio.get_running_loop().run_in_executor(
            self._thread, self._speak, text, engine, voice, language, rate_hz
        )
        return await asyncio.wait_for(work, SYNTHESIS_TIMEOUT_S)

    def _load(self) -> None:
        try:
            self._flite = Flite()
            self._flite.speak("Ready.", DEFAULT_VOICE)
        except OSError as error:
            _log.info("no flite here: %s", error)
        try:
            self._espeak = Espeak()
            self._espeak.speak("Ready.", "en")
        except (ImportError, OSError) as error:
            _log.info("no espeak-ng here: %s", error)
        if not self.engines:
            raise RuntimeError(
                "No speech synthesis on this machine: install flite, or the extra `espeak`."
            )
        resample(np.zeros(160, dtype=np.int16), 16_000, 24_000)

    def _speak(self, text: str, engine: str, voice: str, language: str, rate_hz: int) -> Samples:
        spoken = language_of(text, language)
        wants_flite = spoken == "en" and (engine != "espeak-ng" or self._espeak is None)
        if wants_flite and self._flite is not None:
            sound, from_hz = self._flite.speak(
                text, voice if voice in FLITE_VOICES else DEFAULT_VOICE
            )
        elif self._espeak is not None:
            sound, from_hz = self._espeak.speak(
                text, spoken if spoken in ESPEAK_LANGUAGES else "en"
            )
        elif self._flite is not None:
            sound, from_hz = self._flite.speak(text, DEFAULT_VOICE)
        else:
            raise RuntimeError("the engines were not loaded")
        trimmed = trim_silence(sound, from_hz, keep_head_ms=HEAD_MS, keep_tail_ms=TAIL_MS)
        return resample(trimmed, from_hz, rate_hz)


def language_of(text: str, language: str) -> str:
    """The two-letter language a text is read in: its script's where that is Indian, else the
    session's.
    """
    primary = language.replace("_", "-").split("-")[0].lower()
    primary = "or" if primary == "od" else primary
    counts: dict[str, int] = {}
    for char in text:
        block = ord(char) & ~0x7F
        if block in _SCRIPTS:
            counts[_SCRIPTS[block]] = counts.get(_SCRIPTS[block], 0) + 1
    if counts:
        found = max(counts, key=lambda code: counts[code])
        return "mr" if found == "hi" and primary == "mr" else found
    if any(char.isascii() and char.isalpha() for char in text) and primary not in ESPEAK_LANGUAGES:
        return "en"
    return primary
