"""Which models a session will really use, and which ones can be asked for."""

from dataclasses import dataclass

from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.models import Model, ModelStatus, Route, Service, SpareVoice
from callmissed.domain.sessions import SessionRequest
from callmissed.providers.catalog import LOCAL, Catalog

MAINTENANCE_RETRY_S = 3600
PROVIDER_RETRY_S = 30

_SPOKEN_NAMES = {
    Service.STT: "speech-to-text model",
    Service.LLM: "language model",
    Service.TTS: "text-to-speech model",
}


@dataclass(frozen=True, slots=True)
class _Wish:
    """A model that was asked for and the language it must know; `*_param` name their fields."""

    service: Service
    model_id: str
    model_param: str
    language: str | None = None
    language_param: str = "language"


@dataclass(frozen=True, slots=True)
class SpeechChoice:
    """The fields of a request that name its voice; None where it was left to us."""

    tts_provider: str | None
    tts_model: str | None
    voice: str | None
    language: str


def choose_speech(catalog: Catalog, choice: SpeechChoice) -> tuple[str, str, str]:
    """Fills in `(tts_provider, tts_model, voice)`; `route_request` judges the outcome.

    Raises Refusal where provider and model contradict each other.
    """
    model_id = choice.tts_model or _default_tts(catalog, choice)
    model = catalog.find(Service.TTS, model_id)
    known = list(dict.fromkeys(listed.provider for listed in catalog.of(Service.TTS)))
    if choice.tts_provider is not None and choice.tts_provider not in known:
        raise _not_available(
            "tts_provider",
            f"There is no text-to-speech provider {choice.tts_provider[:100]!r}.",
            f"Use one of: {', '.join(known)}.",
        )
    if model is None:
        return choice.tts_provider or known[0], model_id, choice.voice or ""
    if choice.tts_provider not in (None, model.provider):
        raise _not_available(
            "tts_provider",
            f"{model.id} is a model of {model.provider}, not of {choice.tts_provider}.",
            "Leave out tts_provider or tts_model, or make them agree.",
        )
    return model.provider, model.id, choice.voice or model.usual_voice(choice.language)


def route_request(catalog: Catalog, request: SessionRequest, keys: frozenset[str]) -> Route:
    """The models that will run, and their spares; `keys` names the providers that can be reached:
    with the tenant's key or ours, or without any.

    Raises Refusal: MODEL_NOT_AVAILABLE with what would work, PROVIDER_UNAVAILABLE where waiting
    helps.
    """
    tts_language = request.tts_language or request.language
    tts_param = "tts_language" if request.tts_language else "language"
    stt = _Wish(Service.STT, request.stt_model, "stt_model", request.language)
    llm = _Wish(Service.LLM, request.llm_model, "llm_model")
    tts = _Wish(Service.TTS, request.tts_model, "tts_model", tts_language, tts_param)
    hearing, thinking, speaking = (_pick(catalog, keys, wish) for wish in (stt, llm, tts))
    return Route(
        hearing,
        thinking,
        speaking,
        _pick_voice(catalog, request, speaking),
        request.language,
        tts_language,
        spare_stt=_spares(catalog, keys, hearing, request.language),
        spare_llm=_spares(catalog, keys, thinking),
        spare_tts=tuple(
            SpareVoice(spare, _pick_voice(catalog, request, spare))
            for spare in _spares(catalog, keys, speaking, tts_language)
        ),
    )


def list_models(
    catalog: Catalog, service: Service | None, keys: frozenset[str] = frozenset()
) -> list[Model]:
    """What a session could name now, and what is under maintenance, in the catalogue's order."""
    return [
        model
        for model in catalog.models
        if service in (None, model.service)
        and (_serves(model, keys) or _falls_back(catalog, model, keys) or _is_paused(model))
    ]


def _default_tts(catalog: Catalog, choice: SpeechChoice) -> str:
    default = catalog.find(Service.TTS, catalog.defaults[Service.TTS])
    if default is None or choice.tts_provider in (None, default.provider):
        return catalog.defaults[Service.TTS]
    theirs = [one for one in catalog.of(Service.TTS) if one.provider == choice.tts_provider]
    named = [model for model in theirs if choice.voice in model.voices]
    speaking = [model for model in theirs if model.speaks(choice.language)]
    return next((one.id for one in (*named, *speaking, *theirs)), default.id)


def _spares(
    catalog: Catalog, keys: frozenset[str], chosen: Model, language: str | None = None
) -> tuple[Model, ...]:
    """Those of the chosen model's that can be reached and know the language, in their order."""
    listed = (catalog.find(chosen.service, spare) for spare in chosen.spares)
    return tuple(
        spare
        for spare in listed
        if spare is not None
        and _serves(spare, keys)
        and (language is None or spare.speaks(language))
    )


def _pick(catalog: Catalog, keys: frozenset[str], wish: _Wish) -> Model:
    """The first model of the chain that knows the language."""
    chain = _runnable(catalog, keys, wish)
    language = wish.language
    if language is None:
        return chain[0]
    for model in chain:
        if model.speaks(language):
            return model
    known = sorted({code for model in chain for code in model.languages})
    hint = f"It would work with: {', '.join(known)}."
    asked = catalog.find(wish.service, wish.model_id)
    if asked is not None and asked.speaks(language):
        hint += f" {asked.id} knows {language} once there is a key for {asked.provider}."
    if wish.service is Service.TTS and wish.language_param == "language":
        hint += " Or keep the language and give a tts_language that the voice speaks."
    noun = _SPOKEN_NAMES[wish.service]
    message = f"The {noun} that would run, {chain[-1].id}, does not know {language}."
    raise _not_available(wish.language_param, message, hint)


def _runnable(catalog: Catalog, keys: frozenset[str], wish: _Wish) -> list[Model]:
    """The model where it can be reached, else its local fallbacks, nearest first; never empty."""
    model = catalog.find(wish.service, wish.model_id)
    would_work = _would_work(catalog, keys, wish.service)
    if model is None:
        noun = _SPOKEN_NAMES[wish.service]
        message = f"There is no {noun} {wish.model_id[:100]!r}."
        raise _not_available(wish.model_param, message, would_work)
    if _is_paused(model):
        message = f"{model.id} is under maintenance."
        raise _cannot_serve(wish.model_param, message, would_work, MAINTENANCE_RETRY_S)
    if _serves(model, keys):
        return [model]
    if _falls_back(catalog, model, keys):
        return _fallbacks(catalog, model)
    message = f"{model.id[:100]} needs a key for {model.provider}, and there is none."
    would_work += f" Or put a key: PUT /v1/settings/providers/{model.provider}."
    if model.fallback is not None:
        raise _cannot_serve(wish.model_param, message, would_work, PROVIDER_RETRY_S)
    raise _not_available(wish.model_param, message, would_work)


def _fallbacks(catalog: Catalog, model: Model) -> list[Model]:
    chain: list[Model] = []
    step = model.fallback
    while step is not None and (found := catalog.find(model.service, step)) is not None:
        chain.append(found)
        step = found.fallback
    return chain


def _would_work(catalog: Catalog, keys: frozenset[str], service: Service) -> str:
    ready = [model.id for model in list_models(catalog, service, keys) if not _is_paused(model)]
    return f"These work here: {', '.join(ready)}."


def _serves(model: Model, keys: frozenset[str]) -> bool:
    return not _is_paused(model) and (model.provider == LOCAL or model.provider in keys)


def _falls_back(catalog: Catalog, model: Model, keys: frozenset[str]) -> bool:
    """True only while no key for any model of the service exists."""
    keyed = any(
        other.provider in keys and catalog.providers[other.provider].needs_key
        for other in catalog.of(model.service)
    )
    return model.fallback is not None and not _is_paused(model) and not keyed


def _is_paused(model: Model) -> bool:
    return model.status is ModelStatus.MAINTENANCE


def _pick_voice(catalog: Catalog, request: SessionRequest, running: Model) -> str:
    """The voice asked for, else one of the same gender where a fallback runs."""
    if request.voice in running.voices:
        return request.voice
    asked = catalog.find(Service.TTS, request.tts_model)
    if asked is None or request.voice not in asked.voices:
        known = running if asked is None else asked
        voices = [voice for voice in known.voices if voice not in known.deprecated_voices]
        message = f"{known.id} has no voice {request.voice[:100]!r}."
        raise _not_available("voice", message, f"Its voices: {', '.join(voices)}.")
    wants_female = request.voice in asked.female_voices
    alike = [voice for voice in running.voices if (voice in running.female_voices) == wants_female]
    return (alike or running.voices)[0]


def _not_available(param: str, message: str, hint: str) -> Refusal:
    return Refusal(Kind.MODEL_NOT_AVAILABLE, message, hint, param=param)


def _cannot_serve(param: str, message: str, hint: str, retry_after_s: int) -> Refusal:
    kind = Kind.PROVIDER_UNAVAILABLE
    return Refusal(kind, message, hint, param=param, retry_after_s=retry_after_s)
