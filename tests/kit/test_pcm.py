"""Change of rate and silence at the edges."""

import numpy as np
import pytest

from callmissed.kit.pcm import Resampler, resample, silence, trim_silence


def tone(duration_s: float, rate_hz: int) -> np.ndarray:
    phase = np.arange(int(duration_s * rate_hz)) / rate_hz * 2 * np.pi * 440
    return (np.sin(phase) * 8000).astype(np.int16)


@pytest.mark.parametrize(
    ("from_hz", "to_hz"), [(16_000, 24_000), (22_050, 8_000), (48_000, 16_000)]
)
def test_a_piece_keeps_its_length_and_loudness(from_hz: int, to_hz: int) -> None:
    changed = resample(tone(0.5, from_hz), from_hz, to_hz)
    assert len(changed) == pytest.approx(0.5 * to_hz, abs=to_hz * 0.003)
    assert np.abs(changed).max() == pytest.approx(8000, rel=0.05)


def test_a_stream_in_small_frames_loses_nothing_between_them() -> None:
    resampler = Resampler(48_000, 16_000)
    sound = tone(0.4, 48_000)
    pieces = [resampler.push(sound[start : start + 960]) for start in range(0, len(sound), 960)]
    whole = np.concatenate([*pieces, resampler.flush()])
    assert len(whole) == pytest.approx(6400, abs=50)


def test_silence_at_the_edges_goes_but_for_what_is_kept() -> None:
    sound = np.concatenate([silence(500, 16_000), tone(0.2, 16_000), silence(700, 16_000)])
    trimmed = trim_silence(sound, 16_000, keep_head_ms=10, keep_tail_ms=50)
    assert len(trimmed) / 16 == pytest.approx(260, abs=5)


def test_what_is_quiet_throughout_becomes_empty() -> None:
    assert len(trim_silence(silence(100, 16_000), 16_000, keep_head_ms=10, keep_tail_ms=10)) == 0
