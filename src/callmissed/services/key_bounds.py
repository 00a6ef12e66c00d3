"""What a key's own terms leave of a request for a voice session."""

from collections.abc import Mapping
from typing import Any

from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.models import Route
from callmissed.domain.principals import Principal
from callmissed.domain.sessions import SessionRequest
from callmissed.services.session_requests import DEFAULT_DURATION_S

# What a visitor of a page may choose; the rest is the bot's.
PAGE_FIELDS = ("bot_id", "language", "max_duration_seconds", "metadata", "turn_taking", "variables")


def narrow_to_page(principal: Principal, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request with a publishable key, its bot filled in.

    Raises Refusal PERMISSION_DENIED, naming the field.
    """
    key = principal.key
    if key is None or key.terms.bot_id is None:
        raise _denied("bot_id", "This key has no bot.", "Make a publishable key for a bot.")
    for field in given:
        if field not in PAGE_FIELDS:
            hint = f"It may send: {', '.join(PAGE_FIELDS)}. The bot decides the rest."
            raise _denied(field, f"A publishable key may not set {field}.", hint)
    bot_id = str(key.terms.bot_id)
    if given.get("bot_id", bot_id) != bot_id:
        raise _denied("bot_id", "This key is for another bot.", "Leave bot_id out.")
    if given.get("max_duration_seconds", 0) > DEFAULT_DURATION_S:
        hint = f"Ask for {DEFAULT_DURATION_S} at most, or leave it out."
        raise _denied("max_duration_seconds", "This is longer than a page may ask for.", hint)
    return {**given, "bot_id": bot_id}


def check_allowed_models(principal: Principal, request: SessionRequest, route: Route) -> None:
    """Each model must be among the key's, by the id that was asked for or the one that will run.

    Raises Refusal PERMISSION_DENIED, naming what the key may use.
    """
    allowed = principal.key.terms.allowed_models if principal.key is not None else None
    if allowed is None:
        return
    wanted = {
        "stt_model": (request.stt_model, route.stt.id),
        "llm_model": (request.llm_model, route.llm.id),
        "tts_model": (request.tts_model, route.tts.id),
    }
    for param, ids in wanted.items():
        if allowed.isdisjoint(ids):
            hint = f"It may use: {', '.join(sorted(allowed))}."
            raise _denied(param, f"This key may not use {ids[0]}.", hint)


def _denied(param: str, message: str, hint: str) -> Refusal:
    return Refusal(Kind.PERMISSION_DENIED, message, hint, param=param)
