"""Rows of `tools`: a tenant's HTTP tools and MCP servers, their headers sealed."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import IntegrityError

from callmissed.domain.tools import RemoteTool, Tool, ToolForm
from callmissed.store.rows import OpenDb, change, fetch_all, fetch_first, fetch_value
from callmissed.store.schema import tools
from callmissed.store.tenant import TenantDb

_tools = tools.c
_form: TypeAdapter[ToolForm] = TypeAdapter(ToolForm)
_listed: TypeAdapter[tuple[RemoteTool, ...]] = TypeAdapter(tuple[RemoteTool, ...])


async def add(
    db: TenantDb, tool_id: UUID, form: ToolForm, header_names: Sequence[str], sealed: bytes
) -> bool:
    """False where a tool of the tenant has this name."""
    moments = {"created_at": func.now(), "updated_at": func.now()}
    row = {"id": tool_id, "tenant_id": db.tenant_id, "listed": [], **_write(form)}
    headers = {"header_names": list(header_names), "sealed_headers": sealed}
    try:
        async with db.connection.begin_nested():
            await change(db, insert(tools).values(**row, **headers, **moments))
    except IntegrityError:
        return False
    return True


async def replace(
    db: TenantDb, tool_id: UUID, form: ToolForm, header_names: Sequence[str], sealed: bytes
) -> bool:
    """False where another tool of the tenant has this name."""
    values = {**_write(form), "header_names": list(header_names), "sealed_headers": sealed}
    statement = update(tools).where(_tools.tenant_id == db.tenant_id, _tools.id == tool_id)
    try:
        async with db.connection.begin_nested():
            await change(db, statement.values(**values, updated_at=func.now()))
    except IntegrityError:
        return False
    return True


async def note_listed(db: TenantDb, tool_id: UUID, listed: Sequence[RemoteTool]) -> None:
    """What an MCP server says that it has."""
    values = {"listed": _listed.dump_python(tuple(listed), mode="json"), "listed_at": func.now()}
    statement = update(tools).where(_tools.tenant_id == db.tenant_id, _tools.id == tool_id)
    await change(db, statement.values(**values))


async def find(db: TenantDb, tool_id: UUID) -> Tool | None:
    own = (_tools.tenant_id == db.tenant_id, _tools.id == tool_id)
    row = await fetch_first(db, select(tools).where(*own))
    return None if row is None else _tool(row)


async def find_all(db: OpenDb, tenant_id: UUID, ids: Collection[UUID]) -> dict[UUID, Tool]:
    """Those of the ids that are the tenant's tools."""
    own = (_tools.tenant_id == tenant_id, _tools.id.in_(list(ids)))
    rows = await fetch_all(db, select(tools).where(*own)) if ids else []
    return {row["id"]: _tool(row) for row in rows}


async def find_by_names(db: TenantDb, names: Collection[str]) -> dict[str, UUID]:
    own = (_tools.tenant_id == db.tenant_id, _tools.name.in_(list(names)))
    rows = await fetch_all(db, select(_tools.name, _tools.id).where(*own)) if names else []
    return {row["name"]: row["id"] for row in rows}


async def list_page(db: TenantDb, limit: int, offset: int) -> list[Tool]:
    """Newest first."""
    own = select(tools).where(_tools.tenant_id == db.tenant_id)
    newest = own.order_by(_tools.created_at.desc(), _tools.id).limit(limit).offset(offset)
    return [_tool(row) for row in await fetch_all(db, newest)]


async def count(db: TenantDb) -> int:
    own = select(func.count()).select_from(tools).where(_tools.tenant_id == db.tenant_id)
    total: int = await fetch_value(db, own)
    return total


async def remove(db: TenantDb, tool_id: UUID) -> bool:
    own = (_tools.tenant_id == db.tenant_id, _tools.id == tool_id)
    return await change(db, delete(tools).where(*own)) == 1


def _write(form: ToolForm) -> dict[str, Any]:
    whole = _form.dump_python(form, mode="json")
    return {"type": form.type.value, "name": form.name, "form": whole}


def _tool(row: RowMapping) -> Tool:
    return Tool(
        id=row["id"],
        form=_form.validate_python(row["form"]),
        header_names=tuple(row["header_names"]),
        sealed_headers=row["sealed_headers"],
        listed=_listed.validate_python(row["listed"]),
        listed_at=row["listed_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
