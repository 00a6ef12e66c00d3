"""Which of the speech synthesis engines this machine has, without starting one."""

import ctypes
from contextlib import suppress
from importlib.util import find_spec

FLITE_LIBRARIES = ("libflite.so.1", "libflite.so", "libflite.dylib")


def missing_voices() -> tuple[str, ...]:
    """The ids of the local text-to-speech models that cannot speak here."""
    there = {"local/flite": _has_flite(), "local/espeak-ng": _has_espeak()}
    return tuple(model_id for model_id, is_there in there.items() if not is_there)


def _has_flite() -> bool:
    for name in FLITE_LIBRARIES:
        with suppress(OSError):
            ctypes.CDLL(name)
            return True
    return False


def _has_espeak() -> bool:
    return find_spec("espeakng_loader") is not None
