"""Bots that are ready to be made: prompt, documents, tools and rules, each in one file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from callmissed.domain.audit import Actor
from callmissed.domain.errors import not_found
from callmissed.domain.tools import ToolForm
from callmissed.kit.bounded_yaml import read_yaml
from callmissed.services.knowledge import add_markdown, create_base
from callmissed.services.tools import create_tool
from callmissed.store import tools
from callmissed.store.tenant import TenantDb

FOLDER = "templates"
SERVICE = "$SERVICE"
"""Stands in the URLs of a template's tools for the address of the service that they ask."""


@dataclass(frozen=True, slots=True)
class Template:
    """`fields` are those of a bot's file without what is made with it: its `documents` as (name,
    Markdown) and the forms of its HTTP tools.
    """

    name: str
    about: str
    fields: Mapping[str, Any]
    documents: tuple[tuple[str, str], ...]
    http_tools: tuple[Mapping[str, Any], ...]


@cache
def list_templates() -> tuple[Template, ...]:
    """In the order of their names."""
    folder = files("callmissed.services") / FOLDER
    found = [item for item in folder.iterdir() if item.name.endswith(".yaml")]
    return tuple(
        _read(item.name.removesuffix(".yaml"), item.read_text(encoding="utf-8"))
        for item in sorted(found, key=lambda item: item.name)
    )


def find_template(name: str) -> Template:
    """Raises Refusal NOT_FOUND."""
    for template in list_templates():
        if template.name == name:
            return template
    raise not_found("template")


def forms_of(template: Template, service_url: str | None) -> list[dict[str, Any]]:
    """Its HTTP tools as they ask the service at this address; none without one."""
    if service_url is None:
        return []
    base = service_url.rstrip("/")
    return [{**one, "url": one["url"].replace(SERVICE, base)} for one in template.http_tools]


async def add_documents(db: TenantDb, actor: Actor, name: str, template: Template) -> UUID:
    """A knowledge base with the template's documents, found at once. Raises Refusal CONFLICT."""
    base = await create_base(db, actor, name)
    for document, content in template.documents:
        await add_markdown(db, db.tenant_id, base.id, document, content)
    return base.id


async def add_tools(
    db: TenantDb, actor: Actor, sealing: bytes, forms: Sequence[ToolForm]
) -> list[UUID]:
    """One for each form; a tool of this name that is there already is taken. Raises Refusal
    CONFLICT.
    """
    known = await tools.find_by_names(db, [form.name for form in forms])
    made = []
    for form in forms:
        if form.name in known:
            made.append(known[form.name])
        else:
            made.append((await create_tool(db, actor, sealing, form, {})).id)
    return made


def _read(name: str, text: str) -> Template:
    fields = read_yaml(text)
    documents = tuple((one["name"], one["text"]) for one in fields.pop("documents"))
    http_tools = tuple(fields.pop("http_tools", ()))
    return Template(name, fields.pop("about"), fields, documents, http_tools)
