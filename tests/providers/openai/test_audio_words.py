"""What a transcription says, and which sound is worth one."""

import json
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectionError

from callmissed.dev.tones import decode as decode_tones
from callmissed.dev.tones import encode, heard_words
from callmissed.providers.openai.audio_words import Heard, read_transcription
from callmissed.providers.openai.utterance_sound import RATE_HZ, UtteranceSound

WORDS = "what are your opening hours"


def frames(samples: np.ndarray, rate_hz: int) -> list[rtc.AudioFrame]:
    size = rate_hz // 50
    pieces = [samples[start : start + size] for start in range(0, len(samples), size)]
    return [rtc.AudioFrame(piece.tobytes(), rate_hz, 1, len(piece)) for piece in pieces]


def hush(duration_s: float, rate_hz: int = RATE_HZ) -> np.ndarray:
    noise = np.random.default_rng(7).normal(0, 8, int(duration_s * rate_hz))
    return noise.astype(np.int16)


def heard(sound: UtteranceSound) -> list[str]:
    utterance = sound.take()
    assert utterance is not None
    return [word.word for word in decode_tones(utterance.samples, RATE_HZ)]


def push(sound: UtteranceSound, *parts: np.ndarray, rate_hz: int = RATE_HZ) -> None:
    for frame in frames(np.concatenate(parts), rate_hz):
        sound.push(frame)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
def test_all_that_was_said_is_taken_at_any_rate(rate_hz: int) -> None:
    sound = UtteranceSound()
    push(sound, hush(5, rate_hz), encode(WORDS, rate_hz), hush(0.3, rate_hz), rate_hz=rate_hz)
    assert heard(sound) == heard_words(WORDS)


def test_the_silence_before_is_left_out() -> None:
    sound = UtteranceSound()
    push(sound, hush(20), encode(WORDS, RATE_HZ), hush(0.5))
    utterance = sound.take()
    assert utterance is not None
    assert utterance.started_s == pytest.approx(19.7, abs=0.05)
    assert utterance.ended_s == pytest.approx(21.25, abs=0.05)
    assert utterance.duration_ms == pytest.approx(1550, abs=60)


def test_a_bang_long_before_is_left_out_and_a_pause_is_not() -> None:
    sound = UtteranceSound()
    bang = (12_000 * np.sin(np.arange(1600))).astype(np.int16)
    push(sound, bang, hush(4), encode("what are", RATE_HZ), hush(1.2), encode("hours", RATE_HZ))
    assert heard(sound) == heard_words("what are hours")


def test_silence_is_nothing() -> None:
    sound = UtteranceSound()
    assert sound.take() is None
    push(sound, hush(3))
    assert sound.take() is None


def test_what_was_taken_is_not_taken_again() -> None:
    sound = UtteranceSound()
    push(sound, encode("what are", RATE_HZ), hush(0.3))
    assert heard(sound) == heard_words("what are")
    push(sound, encode("hours", RATE_HZ), hush(0.3))
    assert heard(sound) == heard_words("hours")
    assert sound.take() is None


def test_no_more_than_a_minute_is_kept() -> None:
    sound = UtteranceSound()
    for _ in range(70):
        push(sound, encode(WORDS, RATE_HZ))
    utterance = sound.take()
    assert utterance is not None
    assert 59_000 < utterance.duration_ms <= 60_000


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        ({"text": "  Hello \n there "}, Heard("Hello there")),
        ({"text": "नमस्ते", "language": "hindi"}, Heard("नमस्ते", "hi")),
        ({"text": "Hi", "language": "en"}, Heard("Hi", "en")),
        ({"text": "Hi", "language": "klingon"}, Heard("Hi")),
        ({"text": "", "segments": []}, Heard("")),
    ],
)
def test_transcriptions_are_read(answer: dict[str, Any], heard: Heard) -> None:
    assert read_transcription(json.dumps(answer).encode()) == heard


def test_words_made_up_over_silence_are_left_out() -> None:
    answer = {
        "text": " Hello. Thank you for watching.",
        "segments": [
            {"text": " Hello.", "no_speech_prob": 0.1, "avg_logprob": -0.3},
            {"text": " Thank you for watching.", "no_speech_prob": 0.9, "avg_logprob": -1.4},
        ],
    }
    assert read_transcription(json.dumps(answer).encode()) == Heard("Hello.")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"text": 3}', b"Hello"])
def test_what_is_no_transcription_is_an_error(body: bytes) -> None:
    with pytest.raises(APIConnectionError):
        read_transcription(body)
