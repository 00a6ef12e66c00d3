"""G.711 μ-law, the telephone's eight bits a sample (ITU-T G.711), to and from PCM16."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

_BIAS = 0x84
_LOUDEST = 32_635


def decode_mulaw(sound: bytes) -> NDArray[np.int16]:
    """One PCM16 sample for each byte."""
    return _pcm_of_each_byte()[np.frombuffer(sound, dtype=np.uint8)]


def encode_mulaw(samples: NDArray[np.int16]) -> bytes:
    """One byte for each sample. What came out of `decode_mulaw` becomes the bytes that it was
    (0x7F, a negative zero, becomes 0xFF).
    """
    return _byte_of_each_sample()[samples.view(np.uint16)].tobytes()


@cache
def _pcm_of_each_byte() -> NDArray[np.int16]:
    codes = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitudes = (((codes & 0x0F) << 3) + _BIAS << ((codes & 0x70) >> 4)) - _BIAS
    return np.where(codes & 0x80, -magnitudes, magnitudes).astype(np.int16)


@cache
def _byte_of_each_sample() -> NDArray[np.uint8]:
    """By sample, seen as unsigned."""
    samples = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitudes = np.minimum(np.abs(samples), _LOUDEST) + _BIAS
    exponents = np.floor(np.log2(magnitudes)).astype(np.int32) - 7
    mantissas = (magnitudes >> (exponents + 3)) & 0x0F
    signs = np.where(samples < 0, 0x80, 0)
    return np.asarray(~(signs | exponents << 4 | mantissas) & 0xFF, np.uint8)
