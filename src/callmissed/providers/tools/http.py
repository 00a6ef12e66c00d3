"""HTTP tools: one request as its operator wrote it, filled from a model's arguments."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from callmissed.domain.tools import ToolTerms, places_of
from callmissed.providers.tools.answers import (
    MAX_TOLD_OF_FAILURE_CHARS,
    ToolFailedError,
    read_bounded,
    read_json,
    shorten,
)

WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
DONE = range(200, 300)


async def call_http(
    session: aiohttp.ClientSession,
    tool: ToolTerms,
    arguments: Mapping[str, Any],
    idempotency_key: str | None,
) -> str:
    """What the model is told of the answer: the part at `result_path`, as text or JSON.

    Follows no redirect: the secret headers go to the tool's own address only. Raises
    ToolFailedError, aiohttp.ClientError, OSError.
    """
    rest = {name: value for name, value in arguments.items() if name not in places_of(tool.url)}
    headers = {**tool.headers, "Accept-Encoding": "identity", "Accept": "application/json, */*"}
    if idempotency_key is not None:
        headers["Idempotency-Key"] = idempotency_key
    has_body = tool.method in WITH_BODY
    async with session.request(
        tool.method,
        fill_url(tool.url, arguments, {} if has_body else rest),
        headers=headers,
        json=rest if has_body else None,
        allow_redirects=False,
    ) as response:
        body = await read_bounded(response)
        if response.status not in DONE:
            told = shorten(body.decode("utf-8", "replace"), MAX_TOLD_OF_FAILURE_CHARS)
            raise ToolFailedError(f"The tool answered {response.status}. {told}".strip())
        return _say(body, response.content_type, tool.result_path)


def fill_url(template: str, arguments: Mapping[str, Any], query: Mapping[str, Any]) -> URL:
    """The URL with each `{name}` filled as one part of it, which can neither end its path segment
    nor begin a query. Raises ToolFailedError for a value that is missing or leads elsewhere.
    """
    url = template
    for name in places_of(template):
        value = _text(arguments.get(name))
        if value in ("", ".", ".."):
            raise ToolFailedError(f"{name} is missing or cannot stand in an address.")
        url = url.replace(f"{{{name}}}", quote(value, safe=""))
    if query:
        named = "&".join(
            f"{quote(k, safe='')}={quote(_text(v), safe='')}" for k, v in query.items()
        )
        url += ("&" if urlsplit(url).query else "?") + named
    return URL(url, encoded=True)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _say(body: bytes, content_type: str, result_path: str) -> str:
    if not body.strip():
        return "Done."
    if "json" not in content_type and not result_path:
        return shorten(body.decode("utf-8", "replace"))
    return shorten(_text(_pick(read_json(body), result_path)))


def _pick(value: Any, path: str) -> Any:
    """`items.0.price` in the answer. Raises ToolFailedError where there is nothing."""
    for step in path.split(".") if path else ():
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step[:9]) < len(value):
            value = value[int(step)]
        else:
            raise ToolFailedError("The tool's answer has nothing at the place it was promised.")
    return value
