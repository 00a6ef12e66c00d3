"""Speech and language models as the catalogue lists them, and the ones that a session uses."""

from dataclasses import dataclass
from datetime import date
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
class Price:
    """What the vendor asks for `per` units of `what`, in millionths of its currency, on a day."""

    what: str
    per: int
    currency: str
    micros: int
    as_of: date


@dataclass(frozen=True, slots=True)
class Model:
    """One stanza of `providers/catalog.toml`. `sample_rates_hz` is what it takes or gives.

    `languages` are BCP-47; one without a region (`en`) stands for all its regions. `fallback` is
    the local model that answers while no key for the service exists; a chain of them is walked
    until one speaks the language. `female_voices` and `deprecated_voices` are parts of `voices`.
    """

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
    created: date = date(2026, 1, 1)
    female_voices: tuple[str, ...] = ()
    deprecated_voices: tuple[str, ...] = ()
    prices: tuple[Price, ...] = ()

    def speaks(self, language: str) -> bool:
        """True where the BCP-47 tag or its bare language is listed; without a list, any."""
        known = self.languages
        return not known or language in known or language.split("-")[0] in known


@dataclass(frozen=True, slots=True)
class Route:
    """The models that a call will really use, after aliases and the local fallback."""

    stt: Model
    llm: Model
    tts: Model
    voice: str
    language: str
    tts_language: str
