"""The messages of Sarvam's text-to-speech sockets, `/text-to-speech/ws` and `/text-to-speech/ws/v2`
(docs.sarvam.ai, "Streaming Text-to-Speech").
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

from livekit.agents import APIConnectionError

from callmissed.providers.sarvam.errors import error_of_message

MAX_TEXT_CHARS = 2500

FLUSH = json.dumps({"type": "flush"})
PING = json.dumps({"type": "ping"})

_SENTENCE_END = re.compile(r"[.!?।॥…]+['\")\]]*\s+|\n+")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """How a socket is to speak. `language` as Sarvam writes it; `pace` and `temperature` are left
    to the server where they are None.
    """

    model: str
    language: str
    speaker: str
    rate_hz: int
    codec: str
    pace: float | None = None
    temperature: float | None = None
    min_buffer_size: int = 30
    max_chunk_length: int = 150

    def message(self) -> str:
        data: dict[str, Any] = {
            "model": self.model,
            "target_language_code": self.language,
            "speaker": self.speaker,
            "speech_sample_rate": self.rate_hz,
            "output_audio_codec": self.codec,
            "min_buffer_size": self.min_buffer_size,
            "max_chunk_length": self.max_chunk_length,
        }
        if self.pace is not None:
            data["pace"] = self.pace
        if self.temperature is not None:
            data["temperature"] = self.temperature
        return json.dumps({"type": "config", "data": data})


@dataclass(frozen=True, slots=True)
class Sound:
    """Bytes in the codec of the config, cut anywhere."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Final:
    """Everything before the last flush was spoken."""


@dataclass(frozen=True, slots=True)
class Other:
    """A message that changes nothing."""


def text_message(text: str) -> str:
    return json.dumps({"type": "text", "data": {"text": text}}, ensure_ascii=False)


def read_message(text: str) -> Sound | Final | Other:
    """Raises APIStatusError for an error message, APIConnectionError for what is no message."""
    try:
        message = json.loads(text)
        data = message.get("data") or {}
        match message.get("type"):
            case "audio":
                return Sound(base64.b64decode(data["audio"], validate=True))
            case "event":
                return Final() if data.get("event_type") == "final" else Other()
            case "error":
                failure = error_of_message(data, "to speak")
            case _:
                return Other()
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise APIConnectionError("Sarvam sent what cannot be read") from error
    raise failure


def cut_text(text: str, max_chars: int = MAX_TEXT_CHARS) -> list[str]:
    """The text in pieces that one message may hold, cut behind a sentence, else behind a space,
    else anywhere; joined they are the text.
    """
    pieces: list[str] = []
    while len(text) > max_chars:
        end = _last_end(_SENTENCE_END, text, max_chars) or _last_end(_SPACE, text, max_chars)
        pieces.append(text[: end or max_chars])
        text = text[end or max_chars :]
    return [*pieces, text] if text else pieces


def _last_end(pattern: re.Pattern[str], text: str, max_chars: int) -> int:
    """Where the last match within the first `max_chars` ends; 0 where there is none."""
    return max((found.end() for found in pattern.finditer(text, 0, max_chars)), default=0)
