"""What callers send, encoded once: Opus packets of 20 ms, each behind its length."""

import struct
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

OPUS_HZ = 48_000
FRAME_SAMPLES = OPUS_HZ // 50
BITRATE = 24_000


def write_packets(path: Path, pcm: NDArray[np.int16], rate_hz: int) -> int:
    """How many packets the sound became; a rest at its end is left out."""
    packets = list(encode(pcm, rate_hz))
    path.write_bytes(b"".join(struct.pack("<H", len(one)) + one for one in packets))
    return len(packets)


def encode(pcm: NDArray[np.int16], rate_hz: int) -> Iterable[bytes]:
    """Voice-quality Opus as a browser's microphone sends it, without the encoder's lead-in."""
    resampled = _resample(pcm, rate_hz)
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate = OPUS_HZ  # type: ignore[attr-defined]
    encoder.format = "s16"  # type: ignore[attr-defined]
    encoder.layout = "mono"  # type: ignore[attr-defined]
    encoder.bit_rate = BITRATE
    encoder.options = {"frame_duration": "20", "application": "voip"}
    encoder.open()
    count = len(resampled) // FRAME_SAMPLES
    for index in range(count):
        samples = resampled[index * FRAME_SAMPLES : (index + 1) * FRAME_SAMPLES]
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = OPUS_HZ, index * FRAME_SAMPLES
        yield from (bytes(packet) for packet in encoder.encode(frame))


def _resample(pcm: NDArray[np.int16], rate_hz: int) -> NDArray[np.int16]:
    if rate_hz == OPUS_HZ:
        return pcm
    resampler = av.AudioResampler(format="s16", layout="mono", rate=OPUS_HZ)
    frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate_hz
    pieces = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([piece.to_ndarray().reshape(-1) for piece in pieces])
