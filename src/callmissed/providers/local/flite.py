"""flite through ctypes: English voices of 16 kHz, a whole clause at once, about 2 % of real time.

The structs are those of flite 2.2's `cst_wave.h`. Not safe for several threads.
"""

import contextlib
import ctypes
import re
import unicodedata

import numpy as np

from callmissed.kit.pcm import Samples

VOICES = {"slt": "cmu_us_slt", "rms": "cmu_us_rms", "awb": "cmu_us_awb", "kal": "cmu_us_kal16"}
DEFAULT_VOICE = "slt"

_CURRENCIES = {"₹": "rupees", "€": "euros", "£": "pounds"}
_AMOUNT = re.compile(r"([₹€£])\s?(\d[\d,]*(?:\.\d+)?)")
_DASHES = re.compile(r"\s*[–—]\s*")
_PLAIN = {"’": "'", "‘": "'", "“": '"', "”": '"', "…": ".", "\u00a0": " ", "°": " degrees"}


class _Wave(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )


class Flite:
    """The engine with its four voices loaded. Raises OSError where the machine has no flite 2."""

    def __init__(self) -> None:
        self._lib = _load("libflite")
        for name in ("libflite_usenglish", "libflite_cmulex"):
            _load(name)
        self._lib.flite_init()
        self._lib.flite_text_to_wave.restype = ctypes.POINTER(_Wave)
        self._lib.flite_text_to_wave.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
        self._lib.delete_wave.argtypes = [ctypes.POINTER(_Wave)]
        self._voices = {voice: _register(symbol) for voice, symbol in VOICES.items()}

    def speak(self, text: str, voice: str) -> tuple[Samples, int]:
        """The sound and its rate in Hz; empty where nothing in the text can be spoken.

        Raises KeyError for an unknown voice, RuntimeError when the engine fails.
        """
        wave = self._lib.flite_text_to_wave(to_speakable(text).encode("ascii"), self._voices[voice])
        if not wave:
            raise RuntimeError("flite gave no sound")
        try:
            sound = wave.contents
            count = sound.num_samples
            samples = (
                np.ctypeslib.as_array(sound.samples, (count,)).copy() if count else np.zeros(0)
            )
            return samples.astype(np.int16), int(sound.sample_rate)
        finally:
            self._lib.delete_wave(wave)


def to_speakable(text: str) -> str:
    """ASCII with the same sound as far as that goes: amounts in words' order, dashes as pauses,
    accents dropped.
    """
    text = _AMOUNT.sub(lambda amount: f"{amount[2]} {_CURRENCIES[amount[1]]}", text)
    text = _DASHES.sub(", ", text)
    for char, plain in _PLAIN.items():
        text = text.replace(char, plain)
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _load(name: str) -> ctypes.CDLL:
    for file in (f"{name}.so.1", f"{name}.so", f"{name}.dylib"):
        with contextlib.suppress(OSError):
            return ctypes.CDLL(file, mode=ctypes.RTLD_GLOBAL)
    raise OSError(f"{name} is not installed")


def _register(symbol: str) -> int:
    register = getattr(_load(f"libflite_{symbol}"), f"register_{symbol}")
    register.restype = ctypes.c_void_p
    pointer: int | None = register(None)
    if not pointer:
        raise OSError(f"the voice {symbol} could not be loaded")
    return pointer
