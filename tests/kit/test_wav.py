"""Sound that comes in pieces is whole again, to the sample."""

import io
import wave
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callmissed.kit.mulaw import decode_mulaw
from callmissed.kit.wav import SoundFormat, WavError, WavReader, write_wav

TONE = (8000 * np.sin(np.arange(2400) / 7)).astype(np.int16)
RAW_24K = SoundFormat(24_000)


def read(pieces: list[bytes], raw: SoundFormat = RAW_24K, rate_hz: int = 24_000) -> np.ndarray:
    reader = WavReader(raw, rate_hz)
    return np.concatenate([*(reader.push(piece) for piece in pieces), reader.flush()])


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % len(data) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@given(places=st.lists(st.integers(0, 10_000), max_size=12))
def test_raw_samples_survive_any_cutting(places: list[int]) -> None:
    assert np.array_equal(read(cut(TONE.tobytes(), places)), TONE)


@given(places=st.lists(st.integers(0, 10_000), max_size=12))
def test_a_header_in_any_pieces_is_no_sound(places: list[int]) -> None:
    assert np.array_equal(read(cut(write_wav(TONE, 24_000), places)), TONE)


@given(places=st.lists(st.integers(0, 60), max_size=4))
def test_a_header_that_comes_alone_and_says_nothing_of_the_size(places: list[int]) -> None:
    header = bytearray(write_wav(TONE[:0], 24_000))
    header[4:8] = header[40:44] = b"\xff\xff\xff\xff"
    assert np.array_equal(read([*cut(bytes(header), places), TONE.tobytes()]), TONE)


def test_each_piece_may_be_a_file_of_its_own() -> None:
    pieces = [write_wav(TONE[:1000], 24_000), write_wav(TONE[1000:], 24_000)]
    assert np.array_equal(read(pieces), TONE)


def test_chunks_before_the_sound_are_skipped() -> None:
    whole = write_wav(TONE, 24_000)
    odd = b"LIST" + (5).to_bytes(4, "little") + b"INFOx" + b"\x00"
    assert np.array_equal(read([whole[:36] + odd + whole[36:]]), TONE)


def test_sound_that_begins_like_a_header_is_sound() -> None:
    sound = b"RI" + TONE.tobytes()
    assert read([sound[:2], sound[2:]]).tobytes() == sound


def test_the_rate_of_the_header_counts() -> None:
    out = read([write_wav(TONE[:2205], 22_050)])
    assert len(out) == pytest.approx(2400, abs=24)


def test_two_channels_become_one() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(24_000)
        writer.writeframes(np.repeat(TONE, 2).tobytes())
    data = file.getvalue()
    assert np.array_equal(read([data[:47], data[47:]]), TONE)


def test_mulaw_is_read_as_the_standard_says() -> None:
    assert decode_mulaw(bytes([0x00, 0x80, 0xFF, 0x7F, 0x8F])).tolist() == [
        -32124, 32124, 0, 0, 16764,
    ]  # fmt: skip
    assert read([b"\x80\xff"], SoundFormat(8000, is_mulaw=True), 8000).tolist() == [32124, 0]


@pytest.mark.parametrize(
    "data",
    [
        b"RIFF\x00\x00\x00\x00AVI ",
        b"RIFF\x00\x00\x00\x00WAVEdata\x00\x00\x00\x00",
        b"RIFF\x00\x00\x00\x00WAVEfmt \x04\x00\x00\x00\x01\x00\x01\x00",
        write_wav(TONE, 24_000).replace(b"\x10\x00data", b"\x18\x00data"),
    ],
)
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises(WavError):
        read([data])


def test_a_header_without_end_is_refused() -> None:
    with pytest.raises(WavError):
        read([b"RIFF\x00\x00\x00\x00WAVELIST\xff\xff\xff\x7f", bytes(70_000)])


def test_what_the_header_told_of_and_did_not_come_is_known() -> None:
    whole = write_wav(TONE, 24_000)
    reader = WavReader(RAW_24K, 24_000)
    assert reader.missing_bytes == 0
    reader.push(whole[:-101])
    assert reader.missing_bytes == 102
    reader.push(whole[-101:])
    assert reader.missing_bytes == 0
    reader.push(TONE.tobytes())
    assert reader.missing_bytes == 0


@pytest.mark.parametrize("size", [0, 0x7FFF_F000, 0xFFFF_FFFF])
def test_a_size_that_nobody_knew_is_not_missed(size: int) -> None:
    header = write_wav(TONE, 24_000)[:40] + size.to_bytes(4, "little")
    reader = WavReader(RAW_24K, 24_000)
    reader.push(header + TONE.tobytes())
    assert reader.missing_bytes == 0


def test_half_a_sample_at_the_end_is_missed() -> None:
    reader = WavReader(RAW_24K, 24_000)
    reader.push(TONE.tobytes()[:-1])
    assert reader.missing_bytes == 1
