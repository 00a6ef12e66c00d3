"""A tenant's tools: kept with their headers sealed, opened for the calls that may use them."""

import json
from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from callmissed.domain.audit import Actor
from callmissed.domain.errors import Kind, Refusal, invalid, not_found
from callmissed.domain.tools import (
    MAX_TOOLS,
    RemoteTool,
    Tool,
    ToolForm,
    ToolTerms,
    ToolType,
    ToolUse,
)
from callmissed.kit.json_schema import SchemaError, check_schema
from callmissed.kit.sealing import SealBrokenError, seal, unseal
from callmissed.services.audit import record
from callmissed.services.built_in_tools import built_in_terms
from callmissed.store import tools
from callmissed.store.rows import OpenDb
from callmissed.store.tenant import TenantDb


async def create_tool(
    db: TenantDb, actor: Actor, sealing: bytes, form: ToolForm, headers: Mapping[str, str]
) -> Tool:
    """Who may be reached at its URL is judged before. Raises Refusal CONFLICT, INVALID_VALUE."""
    if await tools.count(db) >= MAX_TOOLS:
        raise Refusal(Kind.CONFLICT, f"There are {MAX_TOOLS} tools already.", "Delete one.")
    tool_id = uuid4()
    sealed = _seal(sealing, db.tenant_id, tool_id, form.url, headers)
    if not await tools.add(db, tool_id, form, sorted(headers), sealed):
        raise _name_taken(form.name)
    details = {"name": form.name, "type": form.type.value}
    await record(db, db.tenant_id, actor, "tool.created", str(tool_id), details)
    return await get_tool(db, tool_id)


async def change_tool(
    db: TenantDb,
    actor: Actor,
    sealing: bytes,
    tool: Tool,
    form: ToolForm,
    headers: Mapping[str, str] | None,
) -> Tool:
    """In force from the next call on. `headers` of None keeps those that there are, which a tool
    that goes elsewhere cannot. Raises Refusal CONFLICT, INVALID_VALUE.
    """
    if form.type is not tool.form.type:
        raise invalid("type", "A tool keeps its type.", "Make another one.")
    if headers is None and tool.header_names and form.url != tool.form.url:
        raise invalid(
            "headers",
            "The headers were given for another URL.",
            "Send them again with the new one, or an empty object for none.",
        )
    names, sealed = tool.header_names, tool.sealed_headers
    if headers is not None:
        names = tuple(sorted(headers))
        sealed = _seal(sealing, db.tenant_id, tool.id, form.url, headers)
    if not await tools.replace(db, tool.id, form, names, sealed):
        raise _name_taken(form.name)
    await record(db, db.tenant_id, actor, "tool.changed", str(tool.id), {"name": form.name})
    return await get_tool(db, tool.id)


async def get_tool(db: TenantDb, tool_id: UUID) -> Tool:
    """Raises Refusal NOT_FOUND."""
    tool = await tools.find(db, tool_id)
    if tool is None:
        raise not_found("tool")
    return tool


async def list_tools(db: TenantDb, limit: int, offset: int) -> tuple[list[Tool], int]:
    """Newest first, with how many there are in all."""
    return await tools.list_page(db, limit, offset), await tools.count(db)


async def delete_tool(db: TenantDb, actor: Actor, tool_id: UUID) -> None:
    """Bots that name it go on without it. Raises Refusal NOT_FOUND."""
    if not await tools.remove(db, tool_id):
        raise not_found("tool")
    await record(db, db.tenant_id, actor, "tool.deleted", str(tool_id))


async def keep_listed(db: TenantDb, tool_id: UUID, listed: Sequence[RemoteTool]) -> Tool:
    """What an MCP server has, as far as a model can be given it. Raises Refusal NOT_FOUND."""
    await get_tool(db, tool_id)
    await tools.note_listed(db, tool_id, [one for one in listed if _is_usable(one)])
    return await get_tool(db, tool_id)


async def open_tools(
    db: OpenDb, sealing: bytes, tenant_id: UUID, uses: Sequence[ToolUse]
) -> tuple[ToolTerms, ...]:
    """What a call may use, headers opened: to be kept in memory only.

    A tool that was deleted since, or whose headers cannot be opened any more, is left out; so is
    the second of two with one name.
    """
    ids = [use.tool_id for use in uses if use.tool_id is not None]
    known = await tools.find_all(db, tenant_id, ids)
    found: dict[str, ToolTerms] = {}
    for use in uses:
        tool = known.get(use.tool_id) if use.tool_id is not None else None
        for terms in _terms_of(use, tool, sealing, tenant_id):
            found.setdefault(terms.name, terms)
    return tuple(found.values())


def open_one(tool: Tool, sealing: bytes, tenant_id: UUID) -> ToolTerms:
    """The tool itself, or the way to its server. Raises Refusal CONFLICT."""
    headers = _open(sealing, tenant_id, tool)
    if headers is None:
        raise Refusal(
            Kind.CONFLICT,
            "The headers of this tool cannot be opened any more.",
            "Send them again: the installation's secret was changed.",
        )
    return _own_terms(tool, headers)


def _terms_of(
    use: ToolUse, tool: Tool | None, sealing: bytes, tenant_id: UUID
) -> Sequence[ToolTerms]:
    if tool is None:
        return (built_in_terms(use),) if use.tool_id is None else ()
    headers = _open(sealing, tenant_id, tool)
    if headers is None or tool.form.type is not use.type:
        return ()
    own = _own_terms(tool, headers)
    if use.type is ToolType.HTTP:
        return (own,)
    return [_remote_terms(own, one) for one in tool.listed if one.name in use.allow]


def _own_terms(tool: Tool, headers: Mapping[str, str]) -> ToolTerms:
    form = tool.form
    return ToolTerms(
        type=form.type,
        name=form.name,
        description=form.description,
        parameters=form.parameters,
        url=form.url,
        method=form.method,
        headers=headers,
        time_limit_s=form.time_limit_s,
        result_path=form.result_path,
        changes_things=form.changes_things,
    )


def _remote_terms(server: ToolTerms, remote: RemoteTool) -> ToolTerms:
    """Two servers may have a tool of one name, so the server's stands before it."""
    return ToolTerms(
        type=ToolType.MCP,
        name=f"{server.name}__{remote.name}"[:63].replace("-", "_").replace(".", "_"),
        description=remote.description,
        parameters=remote.parameters,
        url=server.url,
        headers=server.headers,
        time_limit_s=server.time_limit_s,
        changes_things=server.changes_things and not remote.reads_only,
        remote_name=remote.name,
    )


def _is_usable(remote: RemoteTool) -> bool:
    try:
        check_schema(remote.parameters)
    except SchemaError:
        return False
    return True


def _seal(
    sealing: bytes, tenant_id: UUID, tool_id: UUID, url: str, headers: Mapping[str, str]
) -> bytes:
    return seal(sealing, json.dumps(dict(headers)), place=_place(tenant_id, tool_id, url))


def _open(sealing: bytes, tenant_id: UUID, tool: Tool) -> dict[str, str] | None:
    if not tool.header_names:
        return {}
    place = _place(tenant_id, tool.id, tool.form.url)
    try:
        headers: dict[str, str] = json.loads(unseal(sealing, tool.sealed_headers, place=place))
    except SealBrokenError:
        return None
    return headers


def _place(tenant_id: UUID, tool_id: UUID, url: str) -> str:
    """The URL is part of it: headers that were sealed for one are never sent to another."""
    return f"tools.sealed_headers/{tenant_id}/{tool_id}/{url}"


def _name_taken(name: str) -> Refusal:
    return Refusal(
        Kind.CONFLICT, f"There is a tool {name!r} already.", "Choose another name.", param="name"
    )
