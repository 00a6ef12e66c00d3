"""What belongs to one tenant is not there for another: for every route with an id, by itself."""

import re
from typing import Any

import httpx2
import pytest

from callmissed.api.app import openapi_document
from callmissed.api.permissions import RULES
from tests.api.conftest import Installation

DOCUMENT = openapi_document()
ID = re.compile(r"\{(\w+)\}")
WITH_ID = [
    (method.upper(), path)
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
    if ID.search(path)
]


@pytest.mark.parametrize(("method", "path"), WITH_ID)
async def test_a_stranger_gets_404_where_the_owner_gets_an_answer(
    installation: Installation,
    api: httpx2.AsyncClient,
    stranger: httpx2.AsyncClient,
    any_error: Any,
    method: str,
    path: str,
) -> None:
    owned = await things_of(installation, api)
    names = ID.findall(path)
    assert set(names) <= set(owned), f"things_of() makes nothing for {names}"
    url = path.format(**owned)
    any_error(await stranger.request(method, url), 404, "not_found")
    assert (await api.request(method, url)).status_code < 300


async def things_of(installation: Installation, api: httpx2.AsyncClient) -> dict[str, str]:
    """One of everything that has an id, of the first tenant, by the name of its path parameter."""
    created = (await api.post("/v1/voice/sessions", json={})).json()
    return {"session_id": created["id"], "bot_id": str(installation.first.bot_id)}


async def test_a_stranger_lists_nothing_of_others(
    api: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    mine = (await api.post("/v1/voice/sessions", json={"metadata": {"canary": "heron"}})).json()
    listed = await stranger.get("/v1/voice/sessions", params={"limit": 200})
    assert mine["id"] not in listed.text and "heron" not in listed.text
    assert (await stranger.get("/v1/bots")).json() == []


def test_every_documented_route_has_a_rule() -> None:
    documented = {
        (method.upper(), path)
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
    }
    assert documented <= set(RULES)
