"""Speech and language models as the catalogue lists them, and the ones that a session uses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Generic, TypeVar

from callmissed.kit.breaker import Breaker

Engine = TypeVar("Engine")

# Whose key it is that the installation brings for all its tenants.
PLATFORM = "platform"


class Service(StrEnum):
    STT = "stt"
    LLM = "llm"
    TTS = "tts"
    EMBEDDING = "embedding"


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
class Provider:
    """Whoever serves models: one stanza of the catalogue.

    `wire` names the code that speaks its format (`sarvam`, `openai`, `local`). `key_header` is the
    header that carries the key, `key_prefix` what stands before it there. A GET of `verify_path`
    tells whether a key is taken. The limits are the vendor's own for one key; None where there is
    none.
    """

    name: str
    wire: str
    base_url: str = ""
    key_header: str = "Authorization"
    key_prefix: str = "Bearer "
    needs_key: bool = True
    verify_path: str = "/models"
    max_stt_sockets: int | None = None
    max_tts_sockets: int | None = None
    requests_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """One provider as one tenant reaches it. The key is open here: in memory only, never shown.

    `owner` is whose key it is, `platform` or the tenant's id: what one owner's key suffers, no
    other owner's calls feel. `is_customers_url` says that a customer gave the base URL: it is
    reached by guarded connections only.
    """

    provider: Provider
    key: str = field(default="", repr=False)
    owner: str = PLATFORM
    is_customers_url: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """One stanza of `providers/catalog.toml`. `sample_rates_hz` is what it takes or gives.

    `languages` are BCP-47; one without a region (`en`) stands for all its regions. `fallback` is
    the local model that answers while no key for the service exists; a chain of them is walked
    until one speaks the language. `female_voices` and `deprecated_voices` are parts of `voices`.
    `spares` are the ids tried in its place, in their order, when it fails in a call. `options` go
    to the code of its provider as they stand.
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
    spares: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def speaks(self, language: str) -> bool:
        """True where the BCP-47 tag or its bare language is listed; without a list, any."""
        known = self.languages
        return not known or language in known or language.split("-")[0] in known

    def usual_voice(self, language: str) -> str:
        """The first voice whose name holds the bare language (`neha_en_customer`), else the first
        of all. Raises IndexError for a model without voices.
        """
        spoken = language.split("-")[0]
        meant = [voice for voice in self.voices if spoken in voice.split("_")[1:]]
        return (meant or self.voices)[0]


@dataclass(frozen=True, slots=True)
class Family:
    """Models of one provider that need no stanza each: any id of one of the `forms`, in which
    `{vendor}` and `{model}` stand for one part between slashes. The provider is asked for
    `vendor/model`.
    """

    service: Service
    provider: str
    forms: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpareVoice:
    """A model that speaks when the chosen one fails, and the voice most like the chosen one's."""

    model: Model
    voice: str


@dataclass(frozen=True, slots=True)
class Route:
    """The models that a call will really use, after aliases and the local fallback.

    The spares take over, in their order, where a model fails in mid-call; each can be reached.
    """

    stt: Model
    llm: Model
    tts: Model
    voice: str
    language: str
    tts_language: str
    spare_stt: tuple[Model, ...] = ()
    spare_llm: tuple[Model, ...] = ()
    spare_tts: tuple[SpareVoice, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate(Generic[Engine]):
    """A model with the object that serves it in one call. `breaker` is shared with every call that
    reaches the same provider with the same owner's key.
    """

    model: Model
    engine: Engine
    breaker: Breaker
