"""What a transcription says: its words, its language, and whether anybody spoke at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from livekit.agents import APIConnectionError

from callmissed.kit.bounded_json import MalformedJsonError, UnholdableJsonError, parse_json

# Above the first and below the second, Whisper itself takes a segment for silence
# (openai/whisper, `no_speech_threshold` and `logprob_threshold`).
NO_SPEECH = 0.6
LEAST_LOGPROB = -1.0

# Whisper names languages in English.
_NAMES = {
    "english": "en",
    "hindi": "hi",
    "bengali": "bn",
    "gujarati": "gu",
    "kannada": "kn",
    "malayalam": "ml",
    "marathi": "mr",
    "odia": "or",
    "oriya": "or",
    "punjabi": "pa",
    "panjabi": "pa",
    "tamil": "ta",
    "telugu": "te",
    "assamese": "as",
    "urdu": "ur",
    "nepali": "ne",
    "sindhi": "sd",
    "sanskrit": "sa",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """`language` is a bare language (`hi`), empty where the server does not tell."""

    text: str
    language: str = ""


def read_transcription(body: bytes) -> Heard:
    """Of an answer in `json` or `verbose_json`; segments that are silence are left out.

    Raises APIConnectionError for what is neither.
    """
    try:
        document: Any = parse_json(body)
    except (MalformedJsonError, UnholdableJsonError) as error:
        raise APIConnectionError("the provider's transcription cannot be read") from error
    text = document.get("text") if isinstance(document, Mapping) else None
    if not isinstance(text, str):
        raise APIConnectionError("the provider's transcription holds no text")
    segments = document.get("segments")
    if isinstance(segments, list) and any(_is_silence(one) for one in segments):
        text = "".join(str(one.get("text", "")) for one in segments if not _is_silence(one))
    return Heard(" ".join(text.split()), _language(document.get("language")))


def _is_silence(segment: Any) -> bool:
    if not isinstance(segment, Mapping):
        return False
    no_speech, logprob = segment.get("no_speech_prob"), segment.get("avg_logprob")
    return (
        isinstance(no_speech, float | int)
        and isinstance(logprob, float | int)
        and no_speech > NO_SPEECH
        and logprob < LEAST_LOGPROB
    )


def _language(told: object) -> str:
    if not isinstance(told, str):
        return ""
    name = told.strip().lower()
    return _NAMES.get(name, name if 2 <= len(name) <= 3 and name.isalpha() else "")
