"""espeak-ng from the wheel `espeakng-loader` through ctypes: ten Indian languages and English,
22,050 Hz.

GPL-3.0, hence optional. Constants are those of espeak-ng 1.52's `speak_lib.h`. One global engine:
one thread only.
"""

import ctypes
from pathlib import Path

import numpy as np

from callmissed.kit.pcm import Samples

LANGUAGES = ("en", "hi", "ta", "te", "bn", "ml", "kn", "mr", "gu", "pa", "or")

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_BUFFER_MS = 100
_POSITION_CHARACTER = 1
_CHARS_UTF8 = 1
_EE_OK = 0
_VOICE_FILES = {"en": "en-us"}
_RATE_PARAMETER = 1
_WORDS_PER_MINUTE = 155


class Espeak:
    """The engine, opened. Raises ImportError without the wheel, OSError when it does not open."""

    def __init__(self) -> None:
        import espeakng_loader

        self._lib = ctypes.CDLL(espeakng_loader.get_library_path())
        self._lib.espeak_Initialize.argtypes = [
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_int,
        ]
        data_folder = str(Path(espeakng_loader.get_data_path()).parent).encode()
        self._rate_hz = int(
            self._lib.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, _BUFFER_MS, data_folder, 0)
        )
        if self._rate_hz <= 0:
            raise OSError("espeak-ng did not open")
        self._pieces: list[bytes] = []
        self._lib.espeak_Synth.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]
        callback_type = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
        )
        # Kept as long as the engine, which calls it.
        self._callback = callback_type(self._take)
        self._lib.espeak_SetSynthCallback(self._callback)
        self._lib.espeak_SetParameter(_RATE_PARAMETER, _WORDS_PER_MINUTE, 0)

    def speak(self, text: str, language: str) -> tuple[Samples, int]:
        """The sound and its rate in Hz. `language` is one of `LANGUAGES`. Raises RuntimeError
        when the engine fails.
        """
        voice = _VOICE_FILES.get(language, language)
        if self._lib.espeak_SetVoiceByName(voice.encode()) != _EE_OK:
            raise RuntimeError(f"espeak-ng has no voice for {language!r}")
        self._pieces.clear()
        said = text.replace("\0", " ").encode()
        status = self._lib.espeak_Synth(
            said, len(said) + 1, 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        if status != _EE_OK or self._lib.espeak_Synchronize() != _EE_OK:
            raise RuntimeError(f"espeak-ng failed with {status}")
        return np.frombuffer(b"".join(self._pieces), dtype=np.int16), self._rate_hz

    def _take(
        self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int | None
    ) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, count * 2))
        return 0
