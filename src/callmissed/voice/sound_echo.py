"""How much of a sound is what was played a moment before, come back: pure arithmetic."""

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
"""What telephones carry is enough to tell."""
BLOCK = 256
HOP = 128
SILENT_POWER = 1.0
ECHO_SHARE = 0.5
"""Sound of which more than that was played before is an echo, or a caller fainter than it."""

_WINDOW = np.hanning(BLOCK).astype(np.float32)


class EchoFinder:
    """One caller's echo: where it was found last, it is looked for first."""

    def __init__(self) -> None:
        self._delay: int | None = None

    @property
    def is_known(self) -> bool:
        """Whether there was one in this call."""
        return self._delay is not None

    def share(self, heard: NDArray[np.float32], played: NDArray[np.float32]) -> float:
        """From 0 to 1: how much of the power of `heard` a linear echo of `played` explains,
        whatever its delay and colour. Both end now and are sampled at `RATE_HZ`; `played` reaches
        back further by the longest delay.
        """
        if len(heard) < BLOCK or len(played) < len(heard) or _power(played) < SILENT_POWER:
            return 0.0
        known = 0.0 if self._delay is None else _share_at(self._delay, heard, played)
        if known >= ECHO_SHARE:
            return known
        delay = _likely_delay(heard, played)
        share = _share_at(delay, heard, played)
        if share >= ECHO_SHARE:
            self._delay = delay
        return max(share, known)


def at_echo_rate(samples: NDArray[np.int16], rate_hz: int) -> NDArray[np.float32]:
    """Mono PCM at `RATE_HZ`."""
    step = rate_hz // RATE_HZ
    if step * RATE_HZ == rate_hz:
        whole = samples[: len(samples) // step * step].reshape(-1, step)
        return np.asarray(whole.mean(axis=1), np.float32)
    places = np.arange(len(samples) * RATE_HZ // rate_hz) * (rate_hz / RATE_HZ)
    return np.asarray(np.interp(places, np.arange(len(samples)), samples), np.float32)


def _likely_delay(heard: NDArray[np.float32], played: NDArray[np.float32]) -> int:
    """Samples by which `heard` follows `played`: where their phases agree best."""
    size = 1 << (len(played) + len(heard) - 1).bit_length()
    cross = np.fft.rfft(played, size) * np.conj(np.fft.rfft(heard, size))
    cross /= np.maximum(np.abs(cross), 1e-3) ** 0.8
    agreement = np.fft.irfft(cross, size)[: len(played) - len(heard) + 1]
    return len(agreement) - 1 - int(np.argmax(np.abs(agreement)))


def _share_at(delay: int, heard: NDArray[np.float32], played: NDArray[np.float32]) -> float:
    end = len(played) - delay
    source = played[max(0, end - len(heard)) : max(0, end)]
    return _coherent_share(heard[-len(source) :], source) if len(source) >= BLOCK else 0.0


def _coherent_share(heard: NDArray[np.float32], source: NDArray[np.float32]) -> float:
    spectra, sources = _spectra(heard), _spectra(source)
    power = np.sum(np.abs(spectra) ** 2, axis=0)
    cross = np.abs(np.sum(spectra * np.conj(sources), axis=0)) ** 2
    explained = cross / np.maximum(np.sum(np.abs(sources) ** 2, axis=0), SILENT_POWER)
    return float(np.sum(explained) / max(float(np.sum(power)), SILENT_POWER))


def _spectra(samples: NDArray[np.float32]) -> NDArray[np.complex64]:
    blocks = np.lib.stride_tricks.sliding_window_view(samples, BLOCK)[::HOP]
    return np.asarray(np.fft.rfft(blocks * _WINDOW, axis=1), np.complex64)


def _power(samples: NDArray[np.float32]) -> float:
    return float(np.mean(samples * samples))
