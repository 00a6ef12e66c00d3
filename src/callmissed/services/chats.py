"""Chats in text with a bot: the terms of a call that has no sound."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from callmissed.domain.bots import BotTerms
from callmissed.domain.calls import CallTerms, Exchange
from callmissed.domain.models import Route
from callmissed.domain.prompts import fill_variables
from callmissed.domain.sessions import SessionRequest
from callmissed.services import bots
from callmissed.services.call_knowledge import open_knowledge
from callmissed.services.calls import turn_taking_of
from callmissed.services.models import route_request
from callmissed.services.provider_keys import Vault, find_owners, open_access
from callmissed.services.session_requests import complete_terms
from callmissed.services.tools import open_tools
from callmissed.store.tenant import TenantDb


async def find_terms(
    db: TenantDb, bot_id: UUID, version: int | None, *, is_draft: bool
) -> BotTerms:
    """Of the draft, of a version, or of the published one. Raises Refusal NOT_FOUND."""
    if is_draft:
        return (await bots.get_draft(db, bot_id)).terms
    if version is not None:
        return (await bots.get_version(db, bot_id, version)).terms
    return (await bots.get_bot(db, bot_id)).terms


async def plan_chat(
    db: TenantDb, vault: Vault, terms: BotTerms, variables: Mapping[str, str]
) -> tuple[SessionRequest, Route]:
    """What a call would run. Raises Refusal MODEL_NOT_AVAILABLE, PROVIDER_UNAVAILABLE."""
    request = complete_terms(vault.catalog, {"variables": dict(variables)}, terms, None)
    owners = await find_owners(db, vault)
    return request, route_request(vault.catalog, request, keys=frozenset(owners))


async def load_chat(
    db: TenantDb,
    vault: Vault,
    terms: BotTerms,
    plan: tuple[SessionRequest, Route],
    history: Sequence[Exchange],
) -> CallTerms:
    """Everything that the answer to the next words needs; keys and headers are open in it."""
    request, route = plan
    bases = terms.knowledge_base_ids
    known = await open_knowledge(db, vault, db.tenant_id, bases)
    # Whoever has no sound has no voice either: only the language models' ways are opened.
    access = await open_access(db, vault, db.tenant_id, replace(route, spare_stt=(), spare_tts=()))
    return CallTerms(
        session_id=uuid4(),
        tenant_id=db.tenant_id,
        epoch=0,
        room="",
        room_url="",
        room_token="",
        system_prompt=fill_variables(terms.system_prompt, request.variables),
        greeting=None,
        route=route,
        turn_taking=turn_taking_of(request.turn_taking, route.language),
        passages=known.passages,
        max_duration_s=0.0,
        join_window_s=0.0,
        reconnect_window_s=0.0,
        access=access,
        history=tuple(history),
        library_base_ids=known.base_ids,
        semantics=known.semantics,
        tools=await open_tools(db, vault.sealing, db.tenant_id, terms.tools),
    )
