"""WAV as it comes over a network: in pieces of any size, with sizes in its header that cannot be
trusted, or without a header (RIFF WAVE, Microsoft and IBM 1991).
"""

import io
import wave
from dataclasses import dataclass

import numpy as np

from callmissed.kit.mulaw import decode_mulaw
from callmissed.kit.pcm import Resampler, Samples

MAX_HEADER_BYTES = 65_536
LONGEST_TOLD_S = 600
"""A header that tells of more sound than this was written before anybody knew how much it will be."""

_PCM, _MULAW, _EXTENSIBLE = 1, 7, 0xFFFE


class WavError(ValueError):
    """This is no sound that can be read here."""


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """How samples are written: PCM16, or μ-law at one byte a sample."""

    rate_hz: int
    channels: int = 1
    is_mulaw: bool = False

    @property
    def frame_bytes(self) -> int:
        return self.channels * (1 if self.is_mulaw else 2)


class WavReader:
    """Turns what arrives into mono PCM16 of `rate_hz`, intact to the sample.

    `raw` is the format where no header says another. A header may come at the start of the stream,
    in as many pieces as it likes, and again at the start of any later piece. What stands behind it
    is sound to the end, whatever size it tells.
    """

    def __init__(self, raw: SoundFormat, rate_hz: int) -> None:
        self._format = raw
        self._rate_hz = rate_hz
        self._resampler = _resampler(raw, rate_hz)
        self._waiting = bytearray()
        self._may_be_header = True
        self._told_bytes = 0

    @property
    def missing_bytes(self) -> int:
        """How much of the sound that the last header told of, or of the last sample, has not come;
        a header that tells what cannot be known while sound is streamed tells nothing.
        """
        torn = len(self._waiting) % self._format.frame_bytes
        return max(self._told_bytes, self._format.frame_bytes - torn if torn else 0)

    def push(self, piece: bytes) -> Samples:
        """The samples that are whole by now, possibly none. Raises WavError."""
        if _starts_header(piece):
            self._waiting.clear()
            self._may_be_header = True
        self._waiting += piece
        if self._may_be_header:
            if b"RIFF".startswith(self._waiting[:4]) and len(self._waiting) < 4:
                return _NOTHING
            if self._waiting.startswith(b"RIFF") and not self._take_header():
                return _NOTHING
            self._may_be_header = False
        whole = len(self._waiting) - len(self._waiting) % self._format.frame_bytes
        sound = bytes(self._waiting[:whole])
        del self._waiting[:whole]
        self._told_bytes = max(0, self._told_bytes - whole)
        return self._to_rate(_read_samples(sound, self._format))

    def flush(self) -> Samples:
        """What the change of rate still holds; nothing can be pushed afterwards."""
        return _NOTHING if self._resampler is None else self._resampler.flush()

    def _take_header(self) -> bool:
        """False while it is not here as a whole."""
        found = _read_header(self._waiting)
        if found is None:
            if len(self._waiting) > MAX_HEADER_BYTES:
                raise WavError("its header does not end")
            return False
        written, header_bytes, told_bytes = found
        del self._waiting[:header_bytes]
        longest_bytes = LONGEST_TOLD_S * written.rate_hz * written.frame_bytes
        self._told_bytes = told_bytes if told_bytes <= longest_bytes else 0
        if written != self._format:
            self._format = written
            self._resampler = _resampler(written, self._rate_hz)
        return True

    def _to_rate(self, samples: Samples) -> Samples:
        return samples if self._resampler is None else self._resampler.push(samples)


def write_wav(samples: Samples, rate_hz: int) -> bytes:
    """Mono PCM16 as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


_NOTHING: Samples = np.zeros(0, dtype=np.int16)


def _starts_header(piece: bytes) -> bool:
    return piece[:4] == b"RIFF" and piece[8:12] == b"WAVE"


def _resampler(written: SoundFormat, rate_hz: int) -> Resampler | None:
    return None if written.rate_hz == rate_hz else Resampler(written.rate_hz, rate_hz)


def _read_header(data: bytearray) -> tuple[SoundFormat, int, int] | None:
    """The format, the bytes before the first sample and how many it says will follow; None while
    that is not known.
    """
    if len(data) < 12:
        return None
    if data[8:12] != b"WAVE":
        raise WavError("it is a RIFF file, but not WAVE")
    written: SoundFormat | None = None
    at = 12
    while at + 8 <= len(data):
        name = bytes(data[at : at + 4])
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8
        if name == b"data":
            if written is None:
                raise WavError("its header names no format")
            return written, at, size
        if name == b"fmt ":
            if len(data) < at + size:
                return None
            written = _read_format(bytes(data[at : at + size]))
        at += size + size % 2
    return None


def _read_format(chunk: bytes) -> SoundFormat:
    if len(chunk) < 16:
        raise WavError("its format is cut short")
    tag, channels = int.from_bytes(chunk[0:2], "little"), int.from_bytes(chunk[2:4], "little")
    rate_hz, bits = int.from_bytes(chunk[4:8], "little"), int.from_bytes(chunk[14:16], "little")
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        tag = int.from_bytes(chunk[24:26], "little")
    if (tag, bits) not in ((_PCM, 16), (_MULAW, 8)) or not channels or not rate_hz:
        raise WavError(f"format {tag} with {bits} bits cannot be read")
    return SoundFormat(rate_hz, channels, is_mulaw=tag == _MULAW)


def _read_samples(sound: bytes, written: SoundFormat) -> Samples:
    if written.is_mulaw:
        samples = decode_mulaw(sound)
    else:
        samples = np.frombuffer(sound, dtype="<i2").astype(np.int16, copy=False)
    if written.channels == 1:
        return samples
    together = samples.reshape(-1, written.channels).astype(np.int32)
    return np.asarray(together.sum(axis=1) // written.channels, np.int16)
