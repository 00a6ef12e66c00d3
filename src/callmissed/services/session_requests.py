"""From what was asked to what a session needs: the request, then its bot, then the platform."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from callmissed.domain.bots import Bot, BotTerms
from callmissed.domain.models import Service
from callmissed.domain.sessions import SessionRequest
from callmissed.providers.catalog import Catalog
from callmissed.services.models import SpeechChoice, choose_speech

DEFAULT_LANGUAGE = "en-IN"
DEFAULT_DURATION_S = 300


def complete_request(
    catalog: Catalog, given: Mapping[str, Any], bot: Bot | None = None
) -> SessionRequest:
    """`given` holds the fields that were sent, by the names of the API; a `greeting` may be None.

    Raises Refusal MODEL_NOT_AVAILABLE where provider and model contradict each other.
    """
    terms = bot.terms if bot is not None else BotTerms("")
    return complete_terms(catalog, given, terms, bot.id if bot is not None else None)


def complete_terms(
    catalog: Catalog, given: Mapping[str, Any], terms: BotTerms, bot_id: UUID | None
) -> SessionRequest:
    """As `complete_request`, for terms that need not be published."""
    own = terms.models
    language = given.get("language") or own.language or DEFAULT_LANGUAGE
    tts_language = given.get("tts_language") or _unless(given, own.tts_language, "language")
    speech = SpeechChoice(
        tts_provider=given.get("tts_provider"),
        tts_model=given.get("tts_model") or _unless(given, own.tts_model, "tts_provider"),
        voice=given.get("voice") or _unless(given, own.voice, "tts_model", "tts_provider"),
        language=tts_language or language,
    )
    tts_provider, tts_model, voice = choose_speech(catalog, speech)
    return SessionRequest(
        bot_id=bot_id,
        system_prompt=given.get("system_prompt"),
        voice=voice,
        language=language,
        llm_model=given.get("llm_model") or own.llm_model or catalog.defaults[Service.LLM],
        stt_model=given.get("stt_model") or own.stt_model or catalog.defaults[Service.STT],
        tts_model=tts_model,
        tts_provider=tts_provider,
        tts_language=tts_language,
        max_duration_seconds=given.get("max_duration_seconds", DEFAULT_DURATION_S),
        webhook_url=given.get("webhook_url"),
        metadata=given.get("metadata"),
        greeting=given.get("greeting"),
        greeting_given="greeting" in given,
        variables={**terms.variables, **given.get("variables", {})},
        turn_taking=given.get("turn_taking") or terms.turn_taking,
    )


def _unless(given: Mapping[str, Any], own: str | None, *fields: str) -> str | None:
    """The bot's own choice, unless the request names something that it may not fit."""
    return None if any(field in given for field in fields) else own
