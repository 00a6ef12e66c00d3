"""What is said to Sarvam's speech sockets, and what their messages mean."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.agents import APIConnectionError, APIStatusError

from callmissed.domain.models import Model, Service
from callmissed.providers.catalog import load_catalog
from callmissed.providers.options import read_options
from callmissed.providers.sarvam.tts import choose_config, choose_speaker, wire_language
from callmissed.providers.sarvam.tts_options import VoiceOptions
from callmissed.providers.sarvam.tts_wire import (
    Final,
    Other,
    Sound,
    SpeechConfig,
    cut_text,
    read_message,
)


def bulbul(**options: Any) -> Model:
    model = load_catalog().find(Service.TTS, "bulbul:v3")
    assert model is not None
    return replace(model, options=options)


def config_of(model: Model, voice: str = "shubh") -> SpeechConfig:
    return choose_config(model, read_options(VoiceOptions, model.options), voice, "en-IN")


def refusal(**data: Any) -> APIStatusError:
    with pytest.raises(APIStatusError) as caught:
        read_message(json.dumps({"type": "error", "data": data}))
    return caught.value


@given(st.text(max_size=200), st.integers(1, 40))
def test_pieces_of_a_text_are_the_text(text: str, max_chars: int) -> None:
    pieces = cut_text(text, max_chars)
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= max_chars for piece in pieces)


def test_a_text_is_cut_behind_a_sentence_else_behind_a_word() -> None:
    assert cut_text("One two. Three four five.", 20) == ["One two. ", "Three four five."]
    assert cut_text("नमस्ते। आप कैसे हैं", 12) == ["नमस्ते। ", "आप कैसे हैं"]
    assert cut_text("one two three", 9) == ["one two ", "three"]
    assert cut_text("x" * 5001) == ["x" * 2500, "x" * 2500, "x"]
    assert cut_text("") == []


def test_messages_are_read() -> None:
    audio = base64.b64encode(b"\x01\x02\x03").decode()
    assert read_message(json.dumps({"type": "audio", "data": {"audio": audio}})) == Sound(
        b"\x01\x02\x03"
    )
    final = {"type": "event", "data": {"event_type": "final"}}
    assert read_message(json.dumps(final)) == Final()
    for other in ({"type": "pong"}, {"type": "event", "data": {"event_type": "x"}}, {"a": 1}):
        assert read_message(json.dumps(other)) == Other()


@pytest.mark.parametrize(
    "text", ['{"broken": ', "[]", '"x"', '{"type":"audio","data":{}}', '{"type":"audio","data":3}']
)
def test_what_is_no_message_is_an_error(text: str) -> None:
    with pytest.raises(APIConnectionError):
        read_message(text)


@pytest.mark.parametrize(
    ("data", "status", "retryable"),
    [
        ({"message": "x", "code": 422}, 422, False),
        ({"message": "x", "code": "422"}, 422, False),
        ({"message": "400: x"}, 400, False),
        ({"message": "x"}, -1, True),
        ({"message": "x", "code": "rate_limit_exceeded_error"}, 429, True),
        ({"message": "x", "code": "insufficient_quota_error"}, 429, False),
        ({"message": "x", "code": "invalid_api_key_error"}, 403, False),
        ({"message": "x", "code": "internal_server_error"}, 500, True),
        ({"message": "x", "code": 503}, 503, True),
        ({"message": "x", "code": 499}, 502, True),
        ({"message": "x", "code": "something_new"}, -1, True),
        ({}, -1, True),
    ],
)
def test_errors_with_and_without_a_code(data: Any, status: int, retryable: bool) -> None:
    error = refusal(**data)
    assert (error.status_code, error.retryable) == (status, retryable)


def test_an_error_repeats_nothing_that_was_said() -> None:
    error = refusal(message="400: 'my card is 4242'", code="my card", request_id="my card 4242")
    assert "4242" not in f"{error!r} {error}"
    assert "card" not in f"{error!r} {error}"


def test_every_voice_of_the_catalogue_is_taken() -> None:
    model = bulbul()
    spoken = {voice: choose_speaker(model, voice.upper()) for voice in model.voices}
    assert len(spoken) == 39
    replaced = {voice: speaker for voice, speaker in spoken.items() if voice != speaker}
    assert set(replaced) == {"amelia", "sophia"}
    assert all(speaker in model.female_voices for speaker in replaced.values())
    assert not set(replaced.values()) & set(model.deprecated_voices)


@pytest.mark.parametrize(
    ("language", "wire"),
    [("hi-IN", "hi-IN"), ("en", "en-IN"), ("en-US", "en-IN"), ("or-IN", "od-IN"), ("od", "od-IN")],
)
def test_languages_are_written_as_the_server_does(language: str, wire: str) -> None:
    assert wire_language(language) == wire


def test_ranges_are_clamped() -> None:
    wild = bulbul(pace=9, temperature=0, rate_hz=44_100, min_buffer_size=1, max_chunk_length=9_000)
    config = config_of(wild, "Shubh")
    assert (config.pace, config.temperature, config.rate_hz) == (2.0, 0.01, 24_000)
    assert (config.min_buffer_size, config.max_chunk_length) == (30, 500)
    assert "pace" not in config_of(bulbul()).message()


def test_a_telephone_speaks_mulaw_at_its_own_rate() -> None:
    config = config_of(bulbul(codec="mulaw"))
    data = json.loads(config.message())["data"]
    assert data["output_audio_codec"] == "mulaw"
    assert data["speech_sample_rate"] == 8000
