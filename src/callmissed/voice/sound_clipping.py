"""The peaks of sound that was too loud for its microphone, drawn again."""

import numpy as np
from numpy.typing import NDArray

FULL_SCALE = 32700
"""Samples beyond that are as large as they can be."""
SHORTEST = 2
LONGEST_S = 0.0015
HIGHEST = 4.0
"""Times full scale; no peak is drawn higher."""


def is_clipped(samples: NDArray[np.int16]) -> bool:
    """Whether a peak was cut off: neighbours at full scale."""
    full = (samples >= FULL_SCALE) | (samples <= -FULL_SCALE)
    return bool(np.any(full[1:] & full[:-1]))


def mend_peaks(samples: NDArray[np.int16], rate_hz: int) -> NDArray[np.float32]:
    """The samples with each cut peak as the curve that goes on with the slopes on both sides of it
    (a cubic Hermite spline); beyond full scale, so less loud is how it fits 16 bits again. Peaks at
    either end, or longer than `LONGEST_S`, stay as they are.
    """
    mended = samples.astype(np.float32)
    full = np.abs(mended) >= FULL_SCALE
    edges = np.flatnonzero(np.diff(full.astype(np.int8), prepend=0, append=0))
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        fits = SHORTEST <= end - begin <= LONGEST_S * rate_hz
        if fits and begin >= 2 and end <= len(samples) - 2:
            mended[begin:end] = _peak(mended, begin, end)
    return mended


def _peak(samples: NDArray[np.float32], begin: int, end: int) -> NDArray[np.float32]:
    steps = end - begin + 1
    at = np.arange(1, steps, dtype=np.float32) / steps
    rising = (samples[begin - 1] - samples[begin - 2]) * steps
    falling = (samples[end + 1] - samples[end]) * steps
    curve = (
        (2 * at**3 - 3 * at**2 + 1) * samples[begin - 1]
        + (at**3 - 2 * at**2 + at) * rising
        + (3 * at**2 - 2 * at**3) * samples[end]
        + (at**3 - at**2) * falling
    )
    sign = np.sign(samples[begin])
    return np.asarray(sign * np.clip(sign * curve, FULL_SCALE, FULL_SCALE * HIGHEST), np.float32)
