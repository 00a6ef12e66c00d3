"""`/docs`: every route of the API, and a page for every error code."""

import json
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from markdown_it import MarkdownIt

from callmissed.api.errors import STATUS_OF
from callmissed.api.pages.html import render_page
from callmissed.api.routes import GuardedRoute
from callmissed.domain.errors import Kind, not_found

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/openapi.json")
async def show_openapi(request: Request) -> Response:
    """What generated clients read."""
    document = json.dumps(request.app.openapi(), ensure_ascii=False)
    return Response(document, media_type="application/json")


@router.get("/docs")
async def show_reference(request: Request) -> HTMLResponse:
    """The OpenAPI document for people."""
    return render_page("CallMissed API", _render_reference(request.app.openapi()))


@router.get("/docs/errors/{kind}")
async def show_error(kind: str) -> HTMLResponse:
    """Raises Refusal NOT_FOUND."""
    if kind not in set(Kind):
        raise not_found("error page")
    title, body = _render_error(Kind(kind))
    return render_page(title, body)


@cache
def _render_error(kind: Kind) -> tuple[str, str]:
    text = (files("callmissed.api.pages") / "errors" / f"{kind.value}.md").read_text("utf-8")
    body = MarkdownIt("commonmark").enable("table").render(text)
    footer = '<p><a href="/docs">All routes and errors</a></p>'
    return f"{kind.value} ({STATUS_OF[kind]})", body + footer


def _render_reference(document: dict[str, Any]) -> str:
    parts = [
        "<h1>CallMissed API</h1>",
        '<p>Machine-readable: <a href="/openapi.json">/openapi.json</a>. Every route also '
        "answers under <code>/api/v1</code>. Send <code>Authorization: Bearer cm_…</code>.</p>",
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts.append(_render_operation(path, method, operation, document))
    parts.append("<h2>Errors</h2><table><tr><th>code</th><th>status</th></tr>")
    for kind in Kind:
        link = f'<a href="/docs/errors/{kind.value}">{kind.value}</a>'
        parts.append(f"<tr><td>{link}</td><td>{STATUS_OF[kind]}</td></tr>")
    return "".join([*parts, "</table>"])


def _render_operation(
    path: str, method: str, operation: dict[str, Any], document: dict[str, Any]
) -> str:
    rows = [
        _render_field(item["name"], f"{item['in']} {_type_of(item['schema'])}", item)
        for item in operation.get("parameters", ())
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    for name, field in _fields_of(body.get("schema", {}), document).items():
        rows.append(_render_field(name, _type_of(field), field))
    table = f"<table>{''.join(rows)}</table>" if rows else ""
    answers = ", ".join(operation["responses"])
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
        f"<p>{escape(operation.get('description', ''))}</p>{table}<p>Answers: {answers}</p>"
    )


def _render_field(name: str, kind: str, field: dict[str, Any]) -> str:
    cells = (f"<code>{escape(name)}</code>", escape(kind), escape(field.get("description", "")))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _fields_of(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    for candidate in (schema, *schema.get("anyOf", ())):
        if "$ref" in candidate:
            name = candidate["$ref"].rsplit("/", 1)[-1]
            fields: dict[str, Any] = document["components"]["schemas"][name]["properties"]
            return fields
    return {}


def _type_of(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "enum" in schema:
        return " · ".join(str(value) for value in schema["enum"])
    branches = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if branches:
        return " or ".join(_type_of(branch) for branch in branches)
    return str(schema.get("format") or schema.get("type", "any"))
