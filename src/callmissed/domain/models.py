"""Speech and language models as the catalogue lists them, and the route that a session's models take."""

from dataclasses import dataclass
from enum import StrEnum


class Service(StrEnum):
    STT = "stt"
    LLM = "llm"
    TTS = "tts"


class ModelStatus(StrEnum):
    AVAILABLE = "available"
    MAINTENANCE = "maintenance"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True)
class Model:
    """One stanza of `providers/catalog.toml`. `languages` are BCP-47, `sample_rates_hz` what it takes or gives."""

    id: str
    service: Service
    provider: str
    upstream: str
    status: ModelStatus
    languages: tuple[str, ...]
    voices: tuple[str, ...] = ()
    sample_rates_hz: tuple[int, ...] = ()
    fallback: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """The models that a call will really use, after aliases and the local fallback."""

    stt: Model
    llm: Model
    tts: Model
    voice: str
    language: str
    tts_language: str
