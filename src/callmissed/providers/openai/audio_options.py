"""The `options` of speech models over OpenAI-compatible audio endpoints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

LEAST_SPEED, MOST_SPEED = 0.25, 4.0


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """Of a text-to-speech model.

    `path` is added to the base URL, `body` to the JSON of each request as it stands. `rate_hz` is
    the rate of `pcm`; a WAV header says its own. `speed` is brought into 0.25 to 4.0 and sent where
    it is set. `language_field` is the field that carries the language (`hi`), for servers that take
    one; `language_voices` are the voices for languages (`hi`) into which a call changes.
    """

    path: str = "/audio/speech"
    response_format: Literal["pcm", "wav"] = "pcm"
    rate_hz: int = 24_000
    speed: float | None = None
    language_field: str = ""
    language_voices: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HearingOptions:
    """Of a speech-to-text model.

    `path` is added to the base URL, `body` to the form of each request. With `detects_language` the
    server is not told the language and finds it out. `response_format` is `verbose_json` there,
    which tells the language, and where nobody spoke; else `json`, unless it is set. `prompt` holds
    words that the server should know.
    """

    path: str = "/audio/transcriptions"
    response_format: Literal["json", "verbose_json"] | None = None
    detects_language: bool = False
    prompt: str = ""
    body: Mapping[str, str | int | float | bool] = field(default_factory=dict)
