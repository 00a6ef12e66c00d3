"""µ-law there and back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from callmissed.kit.mulaw import decode_mulaw, encode_mulaw


def test_every_byte_survives_but_for_the_sign_of_zero() -> None:
    there_and_back = encode_mulaw(decode_mulaw(bytes(range(256))))
    assert there_and_back == bytes(range(127)) + b"\xff" + bytes(range(128, 256))


def test_silence_and_the_loudest_samples() -> None:
    samples = np.array([0, 32_767, -32_768], np.int16)
    assert encode_mulaw(samples) == b"\xff\x80\x00"
    assert decode_mulaw(b"\xff\x80\x00").tolist() == [0, 32_124, -32_124]


@given(st.lists(st.integers(-32_635, 32_635), max_size=50))
def test_a_sample_changes_by_less_than_a_step_of_its_size(values: list[int]) -> None:
    samples = np.array(values, np.int16)
    heard = decode_mulaw(encode_mulaw(samples)).astype(np.int32)
    assert np.all(np.abs(heard - samples) <= np.abs(samples.astype(np.int32)) / 16 + 8)
