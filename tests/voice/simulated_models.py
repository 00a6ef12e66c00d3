"""The models of a call on simulated vendors: Sarvam and Clarifai, with spares behind each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from callmissed.dev.providers import Providers
from callmissed.domain.knowledge import Passage
from callmissed.domain.models import (
    Access,
    Candidate,
    Model,
    ModelStatus,
    Route,
    Service,
    SpareVoice,
)
from callmissed.domain.usage import Meter
from callmissed.providers import Models, Warm, builders
from callmissed.providers.catalog import load_catalog
from tests.voice.fakes import ROUTE as SCRIPTED

LANGUAGE = "en-IN"
BuildOn = Callable[[Providers, Route, Mapping[str, Access], Warm, Sequence[Passage], Meter], Models]
CATALOG = load_catalog()
SPARE_MIND = "openrouter/moonshotai/kimi-k2.5"


def _own(service: Service, name: str) -> Model:
    return Model(
        id=name,
        service=service,
        provider="audio",
        upstream=name,
        status=ModelStatus.AVAILABLE,
        languages=("en",),
        voices=("heart",),
    )


SPARE_EARS = _own(Service.STT, "whisper-1")
SPARE_VOICE = _own(Service.TTS, "kokoro")
LEDGER_NAMES = {
    "clarifai.chat": "kimi-k2.5",
    "openrouter.chat": SPARE_MIND,
    "sarvam.tts": "bulbul:v3",
    "audio.tts": SPARE_VOICE.id,
    "sarvam.stt": "saaras:v3",
    "sarvam.realtime": "saaras:v3",
    "audio.stt": SPARE_EARS.id,
}
"""The catalogue's ids of what stands at the simulators' places."""


def route() -> Route:
    """Saaras, then a recogniser of one's own; Kimi on Clarifai, then on OpenRouter; Bulbul, then a
    voice of one's own.
    """
    return replace(
        SCRIPTED,
        stt=_listed(Service.STT, "saaras:v3"),
        spare_stt=(SPARE_EARS,),
        llm=_listed(Service.LLM, "kimi-k2.5"),
        spare_llm=(_listed(Service.LLM, SPARE_MIND),),
        tts=_listed(Service.TTS, "bulbul:v3"),
        voice="shubh",
        spare_tts=(SpareVoice(SPARE_VOICE, "heart"),),
        language=LANGUAGE,
    )


def build_on(
    sims: Providers,
    chain: Route,
    _access: Mapping[str, Access],
    warm: Warm,
    _passages: Sequence[Passage],
    meter: Meter,
) -> Models:
    """The models of `route`, reached at the simulators."""
    parts = builders.Parts(chain, warm, (), meter)

    def reached(model: Model) -> Access:
        known = CATALOG.providers.get(model.provider) or replace(
            CATALOG.providers["vllm"], name="audio", needs_key=True
        )
        return Access(replace(known, base_url=sims.url(model.provider)), "key-1")

    def serve(model: Model, engine: Any) -> Candidate[Any]:
        return Candidate(model, engine, warm.breaker_of(reached(model)))

    ears = (chain.stt, *chain.spare_stt)
    minds = (chain.llm, *chain.spare_llm)
    voices = (SpareVoice(chain.tts, chain.voice), *chain.spare_tts)
    return Models(
        stt=tuple(serve(one, builders.build_stt(one, reached(one), parts)) for one in ears),
        llm=tuple(serve(one, builders.build_llm(one, reached(one), parts)) for one in minds),
        tts=tuple(
            serve(one.model, builders.build_tts(one, reached(one.model), parts)) for one in voices
        ),
    )


def _listed(service: Service, model_id: str) -> Model:
    model = CATALOG.find(service, model_id)
    assert model is not None
    return model
