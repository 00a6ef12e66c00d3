"""Words as sound that a program can read back: what was really sent or played, word by word.

A word is 150 ms of two tones, one of ten below 1,300 Hz and one of ten above, with the beat of a
voice's pitch, so that voice activity detection takes it for speech; 50 ms of silence follow. It
survives μ-law at 8 kHz, Opus, noise and cuts: of a word that is cut in two at most one part is
read, so what is lost or doubled on the way is lost or doubled in the words.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from callmissed.dev.vocabulary import code_of, word_of, words_of
from callmissed.kit.pcm import Samples

WORD_MS = 150
GAP_MS = 50
_LOW_HZ = tuple(350.0 + 100 * step for step in range(10))
_HIGH_HZ = tuple(1550.0 + 175 * step for step in range(10))
_PITCH_HZ = 180.0
_PITCH_FALL = 0.2
_EDGE_MS = 8
_PEAK = 13_000

_WINDOW_MS = 40
_HOP_MS = 10
_FEWEST_WINDOWS = 9
_FLOOR_RMS = 100.0
_LEAST_SHARE = 0.3
_LEAST_LEAD = 1.3
_FADED = 0.15
_RECENT_WINDOWS = 20

# A window of 40 ms has a bin each 25 Hz, and each tone is one of them.
_BINS = np.array([*_LOW_HZ, *_HIGH_HZ], dtype=np.int64) * _WINDOW_MS // 1000
_NO_HEIGHTS = np.zeros(len(_BINS))


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word that was read out of sound, with where it lay in it."""

    word: str
    start_ms: int
    end_ms: int


def encode(text: str, rate_hz: int) -> Samples:
    """The words of a text as PCM16 mono, 200 ms each. `encode(a + " " + b)` is `encode(a)` and
    `encode(b)` one after the other.
    """
    pieces = [_sound(code_of(word), rate_hz) for word in words_of(text)]
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)


def decode(samples: Samples, rate_hz: int) -> list[HeardWord]:
    """The words in a whole piece of sound."""
    decoder = Decoder(rate_hz)
    return [*decoder.push(samples), *decoder.flush()]


def heard_words(text: str) -> list[str]:
    """What `decode` reads out of `encode(text)`: unknown words share 25 names like `~81`."""
    return [word_of(code_of(word)) for word in words_of(text)]


class Decoder:
    """Reads words out of a stream of PCM16 mono."""

    def __init__(self, rate_hz: int) -> None:
        self._hop = rate_hz * _HOP_MS // 1000
        self._window = rate_hz * _WINDOW_MS // 1000
        self._hann = np.hanning(self._window)
        self._waiting: NDArray[np.float64] = np.zeros(0)
        self._windows = 0
        self._powers: list[float] = []
        self._code: int | None = None
        self._run = 0

    def push(self, samples: Samples) -> list[HeardWord]:
        """The words that ended in what was pushed so far, each once."""
        self._waiting = np.concatenate([self._waiting, samples.astype(np.float64)])
        count = (len(self._waiting) - self._window) // self._hop + 1
        if count <= 0:
            return []
        windows = np.lib.stride_tricks.sliding_window_view(self._waiting, self._window)
        codes = self._codes(windows[: count * self._hop : self._hop])
        self._waiting = self._waiting[count * self._hop :]
        return [word for code in codes for word in self._follow(code)]

    def flush(self) -> list[HeardWord]:
        """The word that was still sounding, if it was long enough."""
        return list(self._follow(None))

    def _codes(self, windows: NDArray[np.float64]) -> list[int | None]:
        if not np.any(np.abs(windows) > _FLOOR_RMS):
            return [self._code_in(0.0, _NO_HEIGHTS) for _ in windows]
        shaped = windows * self._hann
        powers = np.mean(shaped**2, axis=1) / np.mean(self._hann**2)
        heights = np.abs(np.fft.rfft(shaped, axis=1)[:, _BINS]) / (self._hann.sum() / 2)
        return [
            self._code_in(float(power), height)
            for power, height in zip(powers, heights, strict=True)
        ]

    def _code_in(self, power: float, heights: NDArray[np.float64]) -> int | None:
        loudest = max([*self._powers, power])
        self._powers = [*self._powers[-_RECENT_WINDOWS:], power]
        if power < _FLOOR_RMS**2 or power < _FADED * loudest:
            return None
        low, high = heights[:10], heights[10:]
        first, second = int(np.argmax(low)), int(np.argmax(high))
        share = (low[first] ** 2 + high[second] ** 2) / 2 / power
        if share < _LEAST_SHARE or not (_leads(low) and _leads(high)):
            return None
        return first * 10 + second

    def _follow(self, code: int | None) -> Iterable[HeardWord]:
        """Takes the next window's code; yields the word that ended before it."""
        if code == self._code:
            self._run += 1
        else:
            yield from self._ended()
            self._code, self._run = code, 1
        self._windows += 1

    def _ended(self) -> Iterable[HeardWord]:
        if self._code is None or self._run < _FEWEST_WINDOWS:
            return
        sounded_ms = self._run * _HOP_MS
        start_ms = max(0, (self._windows - self._run) * _HOP_MS + _WINDOW_MS // 2)
        times = max(1, round(sounded_ms / (WORD_MS + _HOP_MS)))
        each_ms = sounded_ms // times
        for index in range(times):
            at_ms = start_ms + index * each_ms
            yield HeardWord(word_of(self._code), at_ms, at_ms + each_ms)


def _leads(heights: NDArray[np.float64]) -> bool:
    best, next_best = np.partition(heights, -2)[[-1, -2]]
    return bool(best > _LEAST_LEAD * next_best)


@lru_cache(maxsize=1024)
def _sound(code: int, rate_hz: int) -> Samples:
    count = rate_hz * WORD_MS // 1000
    at_s = np.arange(count) / rate_hz
    tones = np.sin(2 * np.pi * _LOW_HZ[code // 10] * at_s)
    tones += np.sin(2 * np.pi * _HIGH_HZ[code % 10] * at_s)
    pitch_hz = _PITCH_HZ * (1 + _PITCH_FALL * np.linspace(0.5, -0.5, count))
    beat = 0.5 + 0.5 * np.cos(2 * np.pi * np.cumsum(pitch_hz) / rate_hz)
    edge = rate_hz * _EDGE_MS // 1000
    envelope = np.ones(count)
    envelope[:edge] = np.linspace(0, 1, edge)
    envelope[-edge:] = np.linspace(1, 0, edge)
    sound = np.rint(tones / 2 * beat * envelope * _PEAK).astype(np.int16)
    whole = np.concatenate([sound, np.zeros(rate_hz * GAP_MS // 1000, dtype=np.int16)])
    whole.flags.writeable = False
    return whole
