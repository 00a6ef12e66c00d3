"""Which models run: the defaults fall back while there is no key, everything else says what works."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from callmissed.domain.bots import Bot, BotTerms, BotType, ModelChoice
from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.models import Route, Service
from callmissed.kit.clock import utc_now
from callmissed.providers.catalog import load_catalog
from callmissed.services.models import list_models, route_request
from callmissed.services.session_requests import complete_request
from tests.stories import UUID, uuid4

CATALOG = load_catalog()
NO_KEYS: frozenset[str] = frozenset()


def route(given: dict[str, Any] | None = None, keys: frozenset[str] = NO_KEYS) -> Route:
    return route_request(CATALOG, complete_request(CATALOG, given or {}), keys)


def names(found: Route) -> tuple[str, str, str, str]:
    return found.stt.id, found.llm.id, found.tts.id, found.voice


def refusal(given: dict[str, Any], keys: frozenset[str] = NO_KEYS) -> Refusal:
    with pytest.raises(Refusal) as caught:
        route(given, keys)
    return caught.value


def test_without_a_key_the_defaults_run_here() -> None:
    assert names(route()) == ("local/pocketsphinx", "local/answerer", "local/flite", "rms")
    assert route({"voice": "priya"}).voice == "slt"


def test_another_language_is_spoken_by_another_engine() -> None:
    found = route({"tts_language": "hi-IN"})
    assert (found.tts.id, found.voice) == ("local/espeak-ng", "espeak")
    assert (found.language, found.tts_language) == ("en-IN", "hi-IN")


def test_without_flite_its_own_fallback_speaks() -> None:
    catalog = CATALOG.without("local/flite")
    found = route_request(catalog, complete_request(catalog, {}), NO_KEYS)
    assert found.tts.id == "local/espeak-ng"


def test_with_every_key_the_defaults_run_where_they_belong() -> None:
    found = route({}, frozenset({"sarvam", "clarifai"}))
    assert names(found) == ("saaras:v3", "kimi-k2.5", "bulbul:v3", "shubh")


def test_a_key_for_a_service_ends_its_fallback() -> None:
    """Sarvam serves all three, so kimi-k2.5 without Clarifai's key cannot serve any more."""
    refused = refusal({}, frozenset({"sarvam"}))
    assert (refused.kind, refused.param) == (Kind.PROVIDER_UNAVAILABLE, "llm_model")
    assert "sarvam-105b" in refused.hint
    assert refused.retry_after_s is not None


def test_a_key_for_one_service_leaves_the_others_alone() -> None:
    found = route({}, frozenset({"clarifai"}))
    assert names(found) == ("local/pocketsphinx", "kimi-k2.5", "local/flite", "rms")


def test_a_withdrawn_model_goes_to_its_heir() -> None:
    found = route({"llm_model": "sarvam-30b", "language": "hi-IN"}, frozenset({"sarvam"}))
    assert (found.llm.id, found.llm.upstream) == ("sarvam-30b", "sarvam-105b")


def test_a_language_for_the_ear_only_needs_one_for_the_mouth() -> None:
    keys = frozenset({"sarvam", "clarifai"})
    refused = refusal({"language": "ur-IN"}, keys)
    assert (refused.kind, refused.param) == (Kind.MODEL_NOT_AVAILABLE, "language")
    assert "tts_language" in refused.hint
    assert route({"language": "ur-IN", "tts_language": "hi-IN"}, keys).tts_language == "hi-IN"


def test_what_a_key_would_bring_is_said() -> None:
    refused = refusal({"language": "hi-IN"})
    assert (refused.kind, refused.param) == (Kind.MODEL_NOT_AVAILABLE, "language")
    assert "saaras:v3 knows hi-IN once there is a key for sarvam" in refused.hint


def test_only_local_voices_need_no_key_when_asked_for() -> None:
    for voice in ("slt", "rms", "awb", "kal"):
        assert route({"tts_provider": "local", "voice": voice}).voice == voice
    assert route({"tts_provider": "local", "tts_language": "ta-IN"}).tts.id == "local/espeak-ng"
    assert route({"tts_model": "local/espeak-ng"}).tts.provider == "local"
    refused = refusal({"tts_model": "local/flite", "voice": "shubh"})
    assert refused.param == "voice"
    assert "slt" in refused.hint


def test_a_bot_s_choice_stands_until_the_request_says_otherwise() -> None:
    choice = ModelChoice(voice="slt", tts_model="local/flite", language="en-US")
    bot = Bot(
        id=uuid4(),
        tenant_id=UUID(int=0),
        name="Bot",
        type=BotType.WEB,
        version=1,
        terms=BotTerms(system_prompt="Be kind.", models=choice),
        created_at=utc_now(),
        updated_at=utc_now(),
    )
    own = complete_request(CATALOG, {}, bot)
    assert (own.voice, own.tts_model, own.tts_provider, own.language) == (
        ("slt", "local/flite", "local", "en-US")
    )
    asked = complete_request(CATALOG, {"tts_model": "bulbul:v3"}, bot)
    assert (asked.voice, asked.tts_provider) == ("shubh", "sarvam")
    hindi = replace(bot, terms=BotTerms("Be kind.", models=ModelChoice(tts_language="hi-IN")))
    assert complete_request(CATALOG, {}, hindi).tts_language == "hi-IN"
    assert complete_request(CATALOG, {"language": "en-US"}, hindi).tts_language is None


def test_the_list_holds_what_can_be_routed() -> None:
    ids = [model.id for model in list_models(CATALOG, None)]
    assert ids == [
        *("saaras:v3", "local/pocketsphinx", "kimi-k2.5", "kimi-k2.5-fast", "local/answerer"),
        *("bulbul:v3", "local/flite", "local/espeak-ng"),
    ]
    keyed = [model.id for model in list_models(CATALOG, Service.LLM, frozenset({"sarvam"}))]
    assert keyed == ["kimi-k2.5-fast", "sarvam-105b", "sarvam-30b", "local/answerer"]


KEYED = [name for name, provider in CATALOG.providers.items() if provider.needs_key]
SUBSETS = [
    frozenset(chosen) for count in range(len(KEYED) + 1) for chosen in combinations(KEYED, count)
]


@pytest.mark.parametrize("keys", SUBSETS, ids=lambda keys: "+".join(sorted(keys)) or "none")
def test_what_is_listed_can_be_asked_for_and_nothing_else(keys: frozenset[str]) -> None:
    """Whichever keys there are, each service for itself; the others are local ones."""
    local = {"stt_model": "local/pocketsphinx", "llm_model": "local/answerer"}
    local |= {"tts_model": "local/flite"}
    listed = {(model.service, model.id) for model in list_models(CATALOG, None, keys | {"ollama"})}
    in_calls = [model for model in CATALOG.models if model.service is not Service.EMBEDDING]
    for model in in_calls:
        field = f"{model.service}_model"
        asked = {**local, field: model.id}
        if model.service is Service.TTS:
            asked["tts_language"] = model.languages[0]
        if (model.service, model.id) in listed and model.status != "maintenance":
            found = route(asked, keys)
            ran = {"stt": found.stt, "llm": found.llm, "tts": found.tts}[model.service]
            assert ran.provider in {*keys, "local"}
            assert ran.id == model.id or (ran.provider == "local" and model.fallback)
            spares = (*found.spare_stt, *found.spare_llm, *(one.model for one in found.spare_tts))
            assert {spare.provider for spare in spares} <= {*keys, "local"}
        else:
            refused = refusal(asked, keys)
            assert refused.param == field
            works = list_models(CATALOG, model.service, keys)
            assert all(one.id in refused.hint for one in works if one.status != "maintenance")


def test_a_server_that_needs_no_key_ends_no_fallback() -> None:
    assert names(route({}, frozenset({"ollama", "vllm"}))) == names(route())
