"""PCM16 mono: change of rate, silence at the edges."""

from collections.abc import Iterable

import numpy as np
from av import AudioFrame, AudioResampler
from numpy.typing import NDArray

Samples = NDArray[np.int16]


class Resampler:
    """A stream of mono PCM16 from one rate to another; the output lags the input by at most 2 ms.

    libswresample by PyAV: soxr and LiveKit's own lag 60 ms and more.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._from_hz = from_hz
        self._resampler = AudioResampler(format="s16", layout="mono", rate=to_hz)

    def push(self, samples: Samples) -> Samples:
        """What came out so far; may be empty."""
        if not len(samples):
            return samples
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = self._from_hz
        return _joined(self._resampler.resample(frame))

    def flush(self) -> Samples:
        """The rest; nothing can be pushed afterwards."""
        return _joined(self._resampler.resample(None))


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """A whole piece at once; the same samples where the rates are equal."""
    if from_hz == to_hz:
        return samples
    resampler = Resampler(from_hz, to_hz)
    return np.concatenate([resampler.push(samples), resampler.flush()])


def trim_silence(
    samples: Samples, rate_hz: int, *, keep_head_ms: int, keep_tail_ms: int, quiet: int = 200
) -> Samples:
    """Cuts what is quieter than `quiet` (of 32,767) from both ends but for the milliseconds to
    keep.

    Sound that is quiet throughout becomes empty.
    """
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > quiet)
    if not len(loud):
        return samples[:0]
    start = max(0, int(loud[0]) - rate_hz * keep_head_ms // 1000)
    end = min(len(samples), int(loud[-1]) + 1 + rate_hz * keep_tail_ms // 1000)
    return samples[start:end]


def silence(duration_ms: int, rate_hz: int) -> Samples:
    return np.zeros(rate_hz * duration_ms // 1000, dtype=np.int16)


def _joined(frames: Iterable[AudioFrame]) -> Samples:
    pieces = [frame.to_ndarray().reshape(-1) for frame in frames]
    return np.concatenate(pieces).astype(np.int16) if pieces else np.zeros(0, dtype=np.int16)
