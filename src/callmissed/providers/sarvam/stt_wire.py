"""The messages of Sarvam's two speech-to-text sockets, `/speech-to-text/ws` (classic: one final an
utterance) and `/speech-to-text-realtime/ws` (with partials) (docs.sarvam.ai, "Streaming
Speech-to-Text" and "Realtime Streaming").
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from livekit.agents import APIConnectionError, APIStatusError
from numpy.typing import NDArray

from callmissed.kit.mulaw import encode_mulaw
from callmissed.providers.sarvam.errors import error_of_message
from callmissed.providers.sarvam.stt_errors import error_of_realtime

Samples = NDArray[np.int16]

CLASSIC_PATH = "/speech-to-text/ws"
REALTIME_PATH = "/speech-to-text-realtime/ws"


@dataclass(frozen=True, slots=True)
class Began:
    """The server took the socket on."""


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """The server's own voice detector heard somebody begin."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The server's own voice detector heard somebody end."""


@dataclass(frozen=True, slots=True)
class Words:
    """What was heard: of an utterance so far, or of a whole one. `language` as the server wrote it,
    None where it named none; `confidence` in it, 0 to 1, None where none was told. `start_s` and
    `end_s` are its place in the sound of the socket, where the server tells it.
    """

    text: str
    is_final: bool
    language: str | None = None
    confidence: float | None = None
    request_id: str = ""
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The server told of an error; after a fatal one it closes the socket."""

    error: APIStatusError
    is_fatal: bool


@dataclass(frozen=True, slots=True)
class Over:
    """Everything that was sent has been heard; the server closes."""


News = Began | SpeechBegan | SpeechEnded | Words | Failed | Over


class Wire(Protocol):
    """How one of the two sockets is spoken. Pure: it opens and waits for nothing."""

    @property
    def path(self) -> str: ...

    @property
    def query(self) -> Mapping[str, str]: ...

    @property
    def rate_hz(self) -> int:
        """Of the samples that `sound` takes."""
        ...

    @property
    def says_hello(self) -> bool:
        """Whether the server's first message is `Began`."""
        ...

    @property
    def flush(self) -> str:
        """Asks for the words of what was sent so far."""
        ...

    @property
    def end(self) -> str: ...

    @property
    def ping(self) -> str | None:
        """Keeps an idle socket open; None where only sound does."""
        ...

    def sound(self, samples: Samples) -> str | bytes: ...

    def read(self, message: str) -> News | None:
        """None for a message that changes nothing. Raises APIConnectionError for what is none."""
        ...


@dataclass(frozen=True, slots=True)
class ClassicWire:
    """`language` as this socket writes it. `query` overrides and adds parameters."""

    model: str
    language: str
    rate_hz: int = 16_000
    mode: str = "codemix"
    more: Mapping[str, str] = field(default_factory=dict)

    path = CLASSIC_PATH
    says_hello = False
    ping = None
    flush = json.dumps({"type": "flush"})

    @property
    def query(self) -> Mapping[str, str]:
        return {
            "language-code": self.language,
            "model": self.model,
            "mode": self.mode,
            "sample_rate": str(self.rate_hz),
            "input_audio_codec": "pcm_s16le",
            "vad_signals": "true",
            "flush_signal": "true",
            **self.more,
        }

    @property
    def end(self) -> str:
        return json.dumps({"type": "end_of_stream", "audio": self._audio("")})

    def sound(self, samples: Samples) -> str:
        data = base64.b64encode(samples.tobytes()).decode("ascii")
        return json.dumps({"audio": self._audio(data)})

    def read(self, message: str) -> News | None:
        content = _object(message)
        data = content.get("data")
        if not isinstance(data, dict):
            return None
        match content.get("type"), data.get("signal_type"):
            case "events", "START_SPEECH":
                return SpeechBegan()
            case "events", "END_SPEECH":
                return SpeechEnded()
            case "data", _:
                return Words(
                    text=_text(data.get("transcript")),
                    is_final=True,
                    language=_text(data.get("language_code")) or None,
                    confidence=_share(data.get("language_probability")),
                    request_id=_text(data.get("request_id")),
                )
            case "error", _:
                return Failed(error_of_message(data, "to listen"), is_fatal=True)
        return None

    def _audio(self, data: str) -> dict[str, Any]:
        return {"data": data, "encoding": "pcm_s16le", "sample_rate": self.rate_hz}


@dataclass(frozen=True, slots=True)
class RealtimeWire:
    """`language` as this socket writes it. `is_mulaw` sends the telephone's own bytes, at 8 kHz.
    `more` overrides and adds parameters.
    """

    model: str
    language: str
    rate_hz: int = 16_000
    is_mulaw: bool = False
    mode: str = "codemix"
    more: Mapping[str, str] = field(default_factory=dict)

    path = REALTIME_PATH
    says_hello = True
    ping = json.dumps({"event": "ping"})
    flush = json.dumps({"event": "flush"})
    end = json.dumps({"event": "end"})

    @property
    def query(self) -> Mapping[str, str]:
        return {
            "language_code": self.language,
            "model": self.model,
            "mode": self.mode,
            "stream_type": "fast",
            "endpointing": "vad",
            "silence_duration_ms": "300",
            "encoding": "mulaw" if self.is_mulaw else "linear16",
            "sample_rate": str(self.rate_hz),
            "return_timestamps": "true",
            **self.more,
        }

    def sound(self, samples: Samples) -> bytes:
        return encode_mulaw(samples) if self.is_mulaw else samples.tobytes()

    def read(self, message: str) -> News | None:
        content = _object(message)
        match content.get("event"):
            case "session.begin":
                return Began()
            case "vad.speech_start":
                return SpeechBegan()
            case "vad.speech_end":
                return SpeechEnded()
            case "transcript.partial" | "transcript.final" as kind:
                return Words(
                    text=_text(content.get("text")),
                    is_final=kind == "transcript.final",
                    language=_text(content.get("language")) or None,
                    confidence=_share(content.get("language_confidence")),
                    request_id=_text(content.get("request_id")),
                    start_s=_number(content.get("start_s")),
                    end_s=_number(content.get("end_s")),
                )
            case "error":
                return Failed(error_of_realtime(content), bool(content.get("is_fatal", True)))
            case "session.end":
                return Over()
        return None


def _object(message: str) -> Mapping[str, Any]:
    try:
        content = json.loads(message)
    except ValueError as error:
        raise APIConnectionError("Sarvam sent what cannot be read") from error
    if not isinstance(content, dict):
        raise APIConnectionError("Sarvam sent what cannot be read")
    return content


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _share(value: object) -> float | None:
    number = _number(value)
    return None if number is None else min(max(number, 0.0), 1.0)


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]
