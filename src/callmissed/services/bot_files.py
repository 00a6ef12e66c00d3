"""Bots as files: what they refer to is named, so that a file means the same to another tenant."""

from collections.abc import Mapping
from typing import Any

from callmissed.domain.bots import BotTerms
from callmissed.domain.errors import Refusal, invalid, not_found
from callmissed.domain.knowledge import MAX_BASES
from callmissed.kit.bounded_yaml import YamlError, read_yaml
from callmissed.store import knowledge, tools
from callmissed.store.tenant import TenantDb

FORM = "callmissed_bot"
FORM_VERSION = 1


def read_file(text: str) -> dict[str, Any]:
    """The fields of a bot's file. Raises Refusal INVALID_VALUE."""
    try:
        value = read_yaml(text)
    except YamlError as error:
        raise invalid("yaml", f"The file cannot be read: {error}.", "Correct it.") from error
    if not isinstance(value, dict) or value.pop(FORM, None) != FORM_VERSION:
        raise invalid(
            "yaml",
            "This is not the file of a bot.",
            f"It begins with `{FORM}: {FORM_VERSION}`; GET /v1/bots/{{bot_id}}/export shows one.",
        )
    return value


async def name_parts(db: TenantDb, fields: Mapping[str, Any], terms: BotTerms) -> dict[str, Any]:
    """The fields of a bot with the names of its knowledge bases and tools in the place of ids; what
    was deleted is left out.
    """
    bases = [await knowledge.find(db, base_id) for base_id in terms.knowledge_base_ids]
    ids = [use.tool_id for use in terms.tools if use.tool_id is not None]
    known = await tools.find_all(db, db.tenant_id, ids)
    uses: list[dict[str, Any]] = []
    for use, shown in zip(terms.tools, fields["tools"], strict=True):
        kept = {key: value for key, value in shown.items() if key != "tool_id" and value}
        if use.tool_id is None:
            uses.append(kept)
        elif use.tool_id in known:
            uses.append({**kept, "tool": known[use.tool_id].form.name})
    rest = {
        key: value
        for key, value in fields.items()
        if key not in ("knowledge_base_ids", "tools") and value is not None
    }
    named = [base.name for base in bases if base is not None]
    return {FORM: FORM_VERSION, **rest, "knowledge_bases": named, "tools": uses}


async def find_parts(db: TenantDb, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of `name_parts`. Raises Refusal NOT_FOUND, INVALID_VALUE."""
    found = dict(fields)
    names = _texts(found.pop("knowledge_bases", []), "knowledge_bases")
    listed = await knowledge.list_page(db, MAX_BASES, 0) if names else []
    base_ids = []
    for name in names:
        same = [base.id for base in listed if base.name == name]
        if len(same) != 1:
            raise _no_such("knowledge_bases", "knowledge base", name, len(same))
        base_ids.append(same[0])
    uses = found.get("tools", [])
    if not isinstance(uses, list) or not all(isinstance(use, dict) for use in uses):
        raise invalid("tools", "tools is not a list of tools.", "Write `- type: end_call`.")
    named = _texts([use["tool"] for use in uses if "tool" in use], "tools")
    known = await tools.find_by_names(db, named)
    found["tools"] = [_with_id(use, known) for use in uses]
    return {**found, "knowledge_base_ids": base_ids}


def _with_id(use: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    if "tool" not in use:
        return dict(use)
    if use["tool"] not in known:
        raise _no_such("tools", "tool", use["tool"], 0)
    return {**{k: v for k, v in use.items() if k != "tool"}, "tool_id": known[use["tool"]]}


def _texts(value: Any, param: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise invalid(param, f"{param} is not a list of names.", "Write one name a line.")
    return value


def _no_such(param: str, noun: str, name: str, count: int) -> Refusal:
    refusal = not_found(noun)
    refusal.message = (
        f"There are {count} of the name {name[:100]!r}; it must be one."
        if count
        else f"There is no {noun} of the name {name[:100]!r}."
    )
    refusal.hint = "Make it first, under this name."
    refusal.param = param
    return refusal
