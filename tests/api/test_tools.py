"""`/v1/tools`: written without code, tried, and with headers that never come out."""

from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from callmissed.api.app import create_app
from callmissed.providers.connections import Connections
from tests.api.conftest import Installation, client_of
from tests.api.test_bots import make
from tests.stories import rows
from tests.tools.servers import mcp_server, tool_server

PATH = "/v1/tools"
SECRET = "sk-of-the-operator"
ORDER = {
    "type": "object",
    "properties": {"id": {"type": "string"}},
    "required": ["id"],
    "additionalProperties": False,
}


@pytest_asyncio.fixture
async def inside(installation: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    """An installation that may call tools on this machine."""
    house = installation.house
    allowed = (ip_network("127.0.0.0/8"),)
    settings = house.settings.model_copy(update={"outbound_allow": allowed})
    connections = Connections(allowed)
    app = create_app(replace(house, settings=settings, connections=connections))
    async with client_of(app, installation.key) as client:
        yield client
    await connections.aclose()


def a_tool(url: str, **changes: Any) -> dict[str, Any]:
    form = {
        "name": f"tool_{abs(hash(url + str(changes))) % 10**12}",
        "description": "Finds an order.",
        "url": url,
        "method": "GET",
        "parameters": ORDER,
        "headers": {"Authorization": SECRET},
    }
    return {**form, **changes}


async def test_a_tool_is_tried_and_shows_no_secret(
    inside: httpx2.AsyncClient, installation: Installation
) -> None:
    async with tool_server() as server:
        server.answers["/orders/7"] = {"order": {"state": "sent"}}
        form = a_tool(f"{server.url}/orders/{{id}}", result_path="order.state")
        made = (await inside.post(PATH, json=form)).json()
        assert (made["header_names"], made["changes_things"]) == (["Authorization"], False)
        place = f"{PATH}/{made['id']}"
        tried = (await inside.post(f"{place}/test", json={"arguments": {"id": "7"}})).json()
        assert (tried["outcome"], tried["text"]) == ("done", "sent")
        assert server.seen[0][2]["Authorization"] == SECRET
        wrong = (await inside.post(f"{place}/test", json={"arguments": {"x": 1}})).json()
        assert wrong["outcome"] == "bad_arguments" and len(server.seen) == 1
        away = {"url": f"{server.url}/elsewhere/{{id}}"}
        refused = await inside.patch(place, json=away)
        assert refused.json()["error"]["param"] == "headers"
        moved = await inside.patch(place, json={**away, "headers": {}})
        assert moved.status_code == 200 and moved.json()["header_names"] == []
        await inside.post(f"{place}/test", json={"arguments": {"id": "7"}})
        assert "Authorization" not in server.seen[-1][2]
    shown = [await inside.get(path) for path in (PATH, place, "/v1/audit-log")]
    assert all(SECRET not in answer.text for answer in shown)
    kept = str(await rows(installation.house.database, "select * from tools"))
    assert SECRET not in kept and SECRET.encode().hex() not in kept


async def test_an_mcp_server_tells_its_tools(inside: httpx2.AsyncClient) -> None:
    async with mcp_server() as url:
        form = {"type": "mcp", "name": "shop", "description": "The shop.", "url": url}
        made = (await inside.post(PATH, json=form)).json()
        place = f"{PATH}/{made['id']}/test"
        listed = (await inside.post(place, json={})).json()
        assert [one["name"] for one in listed["listed"]] == ["stock_of", "broken"]
        body = {"remote": "stock_of", "arguments": {"item": "desk"}}
        assert (await inside.post(place, json=body)).json()["text"] == "4 of desk"
        assert (await inside.post(place, json={"remote": "no"})).json()["outcome"] == "not_allowed"
    use = {"type": "mcp", "tool_id": made["id"]}
    bot = await make(inside, tools=[{**use, "allow": ["stock_of"]}])
    assert bot["tools"][0]["allow"] == ["stock_of"]
    for allow in ([], ["format_disk"]):
        body = {"name": "x", "system_prompt": "x", "tools": [{**use, "allow": allow}]}
        assert (await inside.post("/v1/bots", json=body)).status_code == 422


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"url": "http://127.0.0.1/x"}, "url"),
        ({"url": "http://localhost/x"}, "url"),
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "https://{id}.example.com/"}, "url"),
        ({"url": "https://example.com/#{id}"}, "url"),
        ({"url": "https://example.com/{other}"}, "parameters"),
        ({"parameters": {"type": "string"}}, "parameters"),
        ({"parameters": {"type": "object", "$ref": "http://x/"}}, "parameters"),
        ({"headers": {"Host": "x"}}, "headers"),
        ({"headers": {"X": "a\r\nb"}}, "headers"),
        ({"name": "no spaces"}, "name"),
        ({"time_limit_s": 60}, "time_limit_s"),
    ],
)
async def test_a_tool_that_could_do_harm_is_refused(
    api: httpx2.AsyncClient, changes: dict[str, Any], param: str
) -> None:
    answer = await api.post(PATH, json={**a_tool("https://example.com/{id}"), **changes})
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["param"].startswith(param)


async def test_one_name_is_one_tool(api: httpx2.AsyncClient, stranger: httpx2.AsyncClient) -> None:
    form = a_tool("https://example.com/{id}", name="the_only_one")
    made = (await api.post(PATH, json=form)).json()
    assert (await api.post(PATH, json=form)).status_code == 409
    assert (await stranger.post(PATH, json=form)).status_code == 201
    place = f"{PATH}/{made['id']}"
    assert (await stranger.get(place)).status_code == 404
    assert (await stranger.post(f"{place}/test", json={})).status_code == 404
    assert (await api.delete(place)).status_code == 204
    assert (await api.get(place)).status_code == 404
