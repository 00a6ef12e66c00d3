"""What Sarvam's text-to-speech takes: models, voices, languages, ranges (docs.sarvam.ai)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callmissed.dev.errors import Refused
from callmissed.dev.sarvam_common import (
    TTS_LANGUAGES,
    TTS_MODELS,
    V2_VOICES,
    V3_VOICES,
    one_of,
)
from callmissed.dev.speaking import CODECS

RATES_HZ = frozenset((8_000, 16_000, 22_050, 24_000))
REST_RATES_HZ = RATES_HZ | {32_000, 44_100, 48_000}
DEFAULT_RATE_HZ = 24_000


@dataclass(frozen=True, slots=True)
class VoiceConfig:
    """How one answer is to be spoken."""

    model: str
    language: str
    speaker: str
    rate_hz: int
    codec: str
    min_buffer_size: int = 50
    max_chunk_length: int = 150


def read_config(data: Mapping[str, Any], model: str, rates_hz: frozenset[int]) -> VoiceConfig:
    """The language's field has two names, both in use. Raises Refused for what is not taken."""
    language = data.get("target_language_code") or data.get("language_code") or ""
    one_of(model, TTS_MODELS, "model")
    if model != "bulbul:v4-flash":
        one_of(str(language), TTS_LANGUAGES, "target_language_code")
        speaker = one_of(str(data.get("speaker", "shubh")), _voices_of(model), "speaker")
    else:
        speaker = str(data.get("speaker", "shubh"))
    config = VoiceConfig(
        model=model,
        language=str(language),
        speaker=speaker,
        rate_hz=int(data.get("speech_sample_rate", DEFAULT_RATE_HZ)),
        codec=one_of(str(data.get("output_audio_codec", "linear16")), CODECS, "output_audio_codec"),
        min_buffer_size=int(_within(data, "min_buffer_size", 30, 200, 50)),
        max_chunk_length=int(_within(data, "max_chunk_length", 50, 500, 150)),
    )
    if config.rate_hz not in rates_hz:
        raise Refused(None, "speech_sample_rate is not supported", status=422)
    _check_ranges(data, model)
    return config


def _voices_of(model: str) -> frozenset[str]:
    return V2_VOICES if model == "bulbul:v2" else V3_VOICES


def _check_ranges(data: Mapping[str, Any], model: str) -> None:
    if model == "bulbul:v2":
        _within(data, "pace", 0.3, 3.0, 1.0)
        return
    _within(data, "pace", 0.5, 2.0, 1.0)
    _within(data, "temperature", 0.01, 1.0, 0.6)
    for name in ("pitch", "loudness"):
        if model == "bulbul:v3" and name in data:
            raise Refused(None, f"{name} is not supported by {model}", status=422)


def _within(data: Mapping[str, Any], name: str, least: float, most: float, default: float) -> float:
    value = float(data.get(name, default))
    if not least <= value <= most:
        raise Refused(None, f"{name} must be between {least:g} and {most:g}", status=422)
    return value
