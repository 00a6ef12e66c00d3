"""What is written on Sarvam's speech-to-text sockets, and what is read off them."""

import base64
import json

import numpy as np
import pytest
from livekit.agents import APIConnectionError, APIStatusError
from livekit.agents._exceptions import APIError

from callmissed.domain.models import Model, ModelStatus, Service
from callmissed.kit.mulaw import decode_mulaw
from callmissed.providers.sarvam.stt import wires_of
from callmissed.providers.sarvam.stt_errors import error_of_close
from callmissed.providers.sarvam.stt_languages import (
    HEARD,
    classic_language,
    realtime_language,
    told_language,
)
from callmissed.providers.sarvam.stt_options import read_listening_options
from callmissed.providers.sarvam.stt_wire import (
    Began,
    ClassicWire,
    Failed,
    Over,
    RealtimeWire,
    SpeechBegan,
    SpeechEnded,
    Words,
)

SOUND = np.array([0, 1000, -1000, 32_124], np.int16)
CLASSIC = ClassicWire("saaras:v3", "unknown")
REALTIME = RealtimeWire("saaras:v3-realtime", "auto")


def model(upstream: str = "saaras:v3", **options: object) -> Model:
    return Model(
        id=upstream,
        service=Service.STT,
        provider="sarvam",
        upstream=upstream,
        status=ModelStatus.AVAILABLE,
        languages=("en-IN",),
        options=options,
    )


def test_a_model_is_reached_by_the_socket_with_partials_first() -> None:
    realtime, classic = wires_of(model(), "hi-IN")
    assert (realtime.path, classic.path) == ("/speech-to-text-realtime/ws", "/speech-to-text/ws")
    assert realtime.query == {
        "language_code": "auto",
        "model": "saaras:v3-realtime",
        "mode": "codemix",
        "stream_type": "fast",
        "endpointing": "vad",
        "silence_duration_ms": "300",
        "encoding": "linear16",
        "sample_rate": "16000",
        "return_timestamps": "true",
    }
    assert classic.query == {
        "language-code": "unknown",
        "model": "saaras:v3",
        "mode": "codemix",
        "sample_rate": "16000",
        "input_audio_codec": "pcm_s16le",
        "vad_signals": "true",
        "flush_signal": "true",
    }


def test_a_stanza_of_the_catalogue_decides_sockets_mode_language_and_parameters() -> None:
    (realtime,) = wires_of(
        model(
            "saaras:v4",
            sockets=["realtime"],
            mode="verbatim",
            may_change=False,
            realtime={"stream_type": "balanced", "threshold": 0.6, "lid": True},
        ),
        "or-IN",
    )
    assert realtime.query["model"] == "saaras:v4"
    assert realtime.query["mode"] == "verbatim"
    assert realtime.query["language_code"] == "or-IN"
    assert realtime.query["stream_type"] == "balanced"
    assert realtime.query["threshold"] == "0.6"
    assert realtime.query["lid"] == "true"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sokets", ["realtime"]),
        ("sockets", []),
        ("sockets", ["realtime", "realtime"]),
        ("sockets", ["other"]),
        ("sockets", "classic"),
        ("mode", "shout"),
        ("may_change", "no"),
        ("classic", 3),
    ],
)
def test_an_option_that_cannot_be_is_named(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        read_listening_options({name: value})


def test_the_telephones_bytes_are_sent_as_they_were() -> None:
    bytes_of_the_line = bytes(range(128, 256))
    realtime, classic = wires_of(model(), "en-IN", is_telephone=True)
    assert realtime.query["encoding"] == "mulaw"
    assert realtime.query["sample_rate"] == classic.query["sample_rate"] == "8000"
    assert realtime.sound(decode_mulaw(bytes_of_the_line)) == bytes_of_the_line


def test_each_socket_writes_odia_and_a_language_to_be_found_out_in_its_own_way() -> None:
    assert classic_language("or-IN", may_change=False) == "od-IN"
    assert realtime_language("od-IN", may_change=False) == "or-IN"
    assert classic_language("hi-IN", may_change=True) == "unknown"
    assert realtime_language("hi-IN", may_change=True) == "auto"


@pytest.mark.parametrize("tag", ["en", "en-US", "EN_in", "en-IN"])
def test_any_region_of_a_language_is_indias(tag: str) -> None:
    assert classic_language(tag, may_change=False) == "en-IN"


def test_a_language_that_is_not_heard_is_left_to_the_server() -> None:
    assert classic_language("fr-FR", may_change=False) == "unknown"
    assert realtime_language("fr-FR", may_change=False) == "auto"


def test_the_23_languages_come_back_as_their_bcp47_tags() -> None:
    assert len(HEARD) == 23
    assert {told_language(tag, "") for tag in HEARD} == HEARD
    assert told_language("od-IN", "") == "or-IN"
    assert told_language("kok-IN", "") == "kok-IN"
    for nothing in (None, "", "unknown", "auto", 7):
        assert told_language(nothing, "hi-IN") == "hi-IN"


def test_the_classic_sockets_messages() -> None:
    audio = json.loads(CLASSIC.sound(SOUND))["audio"]
    assert base64.b64decode(audio["data"]) == SOUND.tobytes()
    assert (audio["encoding"], audio["sample_rate"]) == ("pcm_s16le", 16_000)
    assert json.loads(CLASSIC.flush) == {"type": "flush"}
    assert json.loads(CLASSIC.end)["type"] == "end_of_stream"


def test_the_realtime_sockets_messages() -> None:
    assert REALTIME.sound(SOUND) == SOUND.tobytes()
    told = [json.loads(text)["event"] for text in (REALTIME.flush, REALTIME.ping, REALTIME.end)]
    assert told == ["flush", "ping", "end"]


def test_what_the_classic_socket_tells() -> None:
    def read(kind: str, **data: object) -> object:
        return CLASSIC.read(json.dumps({"type": kind, "data": data}))

    assert read("events", signal_type="START_SPEECH", occured_at=1.0) == SpeechBegan()
    assert read("events", signal_type="END_SPEECH") == SpeechEnded()
    assert read("events", signal_type="SOMETHING_NEW") is None
    assert read("something new") is None
    assert CLASSIC.read('{"type": "data"}') is None
    words = read(
        "data",
        transcript=" नमस्ते ",
        language_code="hi-IN",
        language_probability=0.9,
        request_id="r1",
        speech_start=0.1,
    )
    assert words == Words("नमस्ते", True, "hi-IN", 0.9, "r1")
    assert read("data", transcript="hello", language_probability=None) == Words("hello", True)
    failed = read("error", error="no", code="insufficient_quota_error")
    assert isinstance(failed, Failed)
    assert failed.error.status_code == 429


def test_what_the_realtime_socket_tells() -> None:
    def read(event: str, **content: object) -> object:
        return REALTIME.read(json.dumps({"event": event, **content}))

    assert read("session.begin", request_id="r1", config={}) == Began()
    assert read("vad.speech_start", utterance_idx=0) == SpeechBegan()
    assert read("vad.speech_end", utterance_idx=0, confidence=0.9) == SpeechEnded()
    assert read("transcript.partial", text="my", language="en-IN") == Words("my", False, "en-IN")
    final = read(
        "transcript.final",
        text="my name",
        language="en-IN",
        language_confidence=0.8,
        start_s=1,
        end_s=2.5,
    )
    assert final == Words("my name", True, "en-IN", 0.8, start_s=1.0, end_s=2.5)
    assert read("session.end", audio_duration_s=2.0) == Over()
    assert read("pong") is None
    assert read("config.updated", applied=[]) is None
    failed = read("error", code="odd", is_fatal=False, message="m", status_code=403)
    assert isinstance(failed, Failed)
    assert (failed.is_fatal, failed.error.status_code) == (False, 403)


@pytest.mark.parametrize("wire", [CLASSIC, REALTIME])
@pytest.mark.parametrize("garbage", ["", "{", "[]", '"text"', "Unauthorized"])
def test_what_is_no_message_ends_the_connection(
    wire: ClassicWire | RealtimeWire, garbage: str
) -> None:
    with pytest.raises(APIConnectionError):
        wire.read(garbage)


@pytest.mark.parametrize(
    ("code", "reason", "status", "retryable"),
    [
        (1000, None, None, True),
        (1001, None, None, True),
        (1006, None, None, True),
        (None, None, None, True),
        (1008, "session timed out", None, True),
        (1003, "rate limit exceeded", 429, True),
        (1003, "quota exhausted", 429, False),
        (1003, "invalid api key", 403, False),
        (1003, "", 429, True),
        (1011, None, 500, True),
        (1013, None, 503, True),
        (4000, "not enabled", 4000, False),
    ],
)
def test_an_end_while_somebody_speaks_is_an_error(
    code: int | None, reason: str | None, status: int | None, retryable: bool
) -> None:
    error: APIError = error_of_close(code, reason)
    assert error.retryable is retryable
    if status is None:
        assert isinstance(error, APIConnectionError)
    else:
        assert isinstance(error, APIStatusError)
        assert error.status_code == status
    assert not reason or reason not in str(error)
