"""Whether a bot could run as it is written: its models, documents, tools and words."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from callmissed.domain.bots import BotTerms, IvrMenu
from callmissed.domain.errors import invalid, not_found
from callmissed.domain.prompts import variable_names
from callmissed.domain.sessions import SessionRequest
from callmissed.domain.tools import BUILT_IN, MAX_TOOLS_OF_BOT, Slot, ToolType, ToolUse
from callmissed.kit.phone_numbers import read_e164
from callmissed.services.models import route_request
from callmissed.services.provider_keys import Vault, find_owners
from callmissed.services.session_requests import complete_terms
from callmissed.store import knowledge, tools
from callmissed.store.tenant import TenantDb

MAX_MENU_DEPTH = 4


async def check_terms(db: TenantDb, vault: Vault, terms: BotTerms) -> None:
    """Afterwards a session with these terms would find its models, documents and tools now.

    Raises Refusal with the field: MODEL_NOT_AVAILABLE, PROVIDER_UNAVAILABLE, INVALID_VALUE, and
    NOT_FOUND for knowledge bases and tools that are not the tenant's.
    """
    await _check_models(db, vault, terms)
    await _check_bases(db, terms.knowledge_base_ids)
    await _check_tools(db, terms.tools)
    _check_phone_numbers(terms.hand_off.phone_numbers)
    if terms.ivr_menu is not None:
        _check_menu(terms.ivr_menu, "ivr_menu", MAX_MENU_DEPTH)


def missing_variables(terms: BotTerms) -> list[str]:
    """The `{{name}}`s that every session has to bring, since the bot has no value for them."""
    texts = (terms.system_prompt, terms.greeting or "", terms.consent_notice or "")
    named = frozenset[str]().union(*map(variable_names, texts))
    return sorted(named - terms.variables.keys())


async def _check_models(db: TenantDb, vault: Vault, terms: BotTerms) -> None:
    request: SessionRequest = complete_terms(vault.catalog, {}, terms, None)
    owners = await find_owners(db, vault)
    route_request(vault.catalog, request, keys=frozenset(owners))


async def _check_bases(db: TenantDb, base_ids: Sequence[UUID]) -> None:
    for base_id in base_ids:
        if await knowledge.find(db, base_id) is None:
            refusal = not_found("knowledge base")
            refusal.param = "knowledge_base_ids"
            raise refusal
    if len(set(base_ids)) < len(base_ids):
        raise invalid("knowledge_base_ids", "A knowledge base is named twice.", "Name it once.")


async def _check_tools(db: TenantDb, uses: Sequence[ToolUse]) -> None:
    if len(uses) > MAX_TOOLS_OF_BOT:
        raise invalid("tools", f"A bot has at most {MAX_TOOLS_OF_BOT} tools.", "Leave some out.")
    ids = [use.tool_id for use in uses if use.tool_id is not None]
    known = await tools.find_all(db, db.tenant_id, ids)
    for use in uses:
        if use.type in BUILT_IN:
            _check_built_in(use)
            continue
        found = known.get(use.tool_id) if use.tool_id is not None else None
        if found is None or found.form.type is not use.type:
            refusal = not_found(f"{use.type.value} tool")
            refusal.param = "tools"
            raise refusal
        if use.type is ToolType.MCP:
            listed = {one.name for one in found.listed}
            _check_allowed(use.allow, listed, found.form.name)
    _check_no_twins(uses)


def _check_built_in(use: ToolUse) -> None:
    if use.type is ToolType.COLLECT_DETAILS:
        _check_slots(use.slots)


def _check_slots(slots: Sequence[Slot]) -> None:
    names = [slot.name for slot in slots]
    if not names:
        raise invalid("tools", "collect_details has no slots.", "Say which details it collects.")
    if len(set(names)) < len(names):
        raise invalid("tools", "Two slots have the same name.", "Give each its own.")


def _check_allowed(allow: Sequence[str], listed: set[str], server: str) -> None:
    if not allow:
        raise invalid(
            "tools", f"None of the tools of {server} is allowed.", "Name them in `allow`."
        )
    if listed and (strange := sorted(set(allow) - listed)):
        raise invalid(
            "tools",
            f"{server} has no tool {strange[0][:100]!r}.",
            f"It has: {', '.join(sorted(listed))[:500]}.",
        )


def _check_no_twins(uses: Sequence[ToolUse]) -> None:
    named = Counter(str(use.tool_id or use.type.value) for use in uses)
    if twins := [name for name, count in named.items() if count > 1]:
        raise invalid("tools", f"The tool {twins[0]} is given twice.", "Give it once.")


def _check_phone_numbers(numbers: Sequence[str]) -> None:
    for number in numbers:
        if read_e164(number) != number:
            raise invalid(
                "hand_off",
                "A phone number of hand_off is not in E.164.",
                "Write it as +919876543210.",
            )


def _check_menu(menu: IvrMenu, place: str, depth_left: int) -> None:
    if depth_left == 0:
        raise invalid(
            place[:100], f"The menu is nested deeper than {MAX_MENU_DEPTH}.", "Flatten it."
        )
    digits = [option.digit for option in menu.options]
    if len(set(digits)) < len(digits):
        raise invalid(place, "Two options have the same digit.", "Give each its own.")
    for number, option in enumerate(menu.options):
        if (option.goal is None) == (option.menu is None):
            raise invalid(
                place, "An option leads nowhere, or to two places.", "Give it a goal or a menu."
            )
        if option.menu is not None:
            _check_menu(option.menu, f"{place}.options.{number}.menu", depth_left - 1)
