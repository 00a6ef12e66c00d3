"""Keys that tests of the API make over the API."""

from typing import Any

import httpx2
from fastapi import FastAPI

PATH = "/v1/api-keys"
SESSIONS = "/v1/voice/sessions"


async def make_key(client: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    """The created key as it was shown; a secret one for everything unless `fields` say more."""
    body = {"name": "made by a test"} | fields
    if body.get("kind") != "publishable":
        body.setdefault("permissions", ["*"])
    answer = await client.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def make_page_key(client: httpx2.AsyncClient, bot_id: Any, **fields: Any) -> dict[str, Any]:
    """A publishable key for the pages of shop.example."""
    domains = {"allowed_domains": ["shop.example"]}
    return await make_key(client, kind="publishable", bot_id=str(bot_id), **domains | fields)


def visitor_of(
    app: FastAPI, key: str, address: str, origin: str | None = "https://shop.example"
) -> httpx2.AsyncClient:
    """A page's visitor, who comes from an address of their own."""
    headers = {"Authorization": f"Bearer {key}"}
    if origin is not None:
        headers["Origin"] = origin
    transport = httpx2.ASGITransport(app=app, client=(address, 50_000))
    return httpx2.AsyncClient(transport=transport, base_url="http://api.test", headers=headers)
