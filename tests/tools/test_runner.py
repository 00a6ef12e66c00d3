"""What a tool may do in a call, and what the model is told of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from aiohttp import web

from callmissed.domain.tools import (
    Action,
    ActionKind,
    Slot,
    SlotType,
    ToolCall,
    ToolOutcome,
    ToolResult,
    ToolTerms,
    ToolType,
    ToolUse,
)
from callmissed.providers.connections import Connections
from callmissed.runtime.tools import ToolRunner
from callmissed.services.built_in_tools import built_in_terms
from tests.tools.servers import ToolServer, mcp_server, tool_server

SESSION = UUID(int=7)
ORDER = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "note": {"type": "string"}},
    "required": ["id"],
    "additionalProperties": False,
}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ToolServer]:
    async with tool_server() as found:
        yield found


@pytest_asyncio.fixture
async def connections() -> AsyncIterator[Connections]:
    found = Connections([ip_network("127.0.0.0/8")])
    yield found
    await found.aclose()


def order_tool(server: ToolServer, **changes: Any) -> ToolTerms:
    fields: dict[str, Any] = {
        "type": ToolType.HTTP,
        "name": "find_order",
        "description": "Finds an order.",
        "parameters": ORDER,
        "url": f"{server.url}/orders/{{id}}",
        "method": "GET",
        "headers": {"Authorization": "Bearer secret"},
        "changes_things": False,
        "time_limit_s": 5.0,
    }
    return ToolTerms(**{**fields, **changes})


class Room:
    """A runner with what it told others to do."""

    def __init__(self, connections: Connections, *tools: ToolTerms) -> None:
        self.actions: list[Action] = []
        self.runner = ToolRunner(SESSION, tools, connections.guarded_session, self.actions.append)

    async def run(self, name: str, arguments: Any) -> ToolResult:
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        return await self.runner.run_tool(ToolCall(name, text))


async def test_an_http_tool_is_asked_as_its_operator_wrote_it(
    server: ToolServer, connections: Connections
) -> None:
    server.answers["/orders/A 1/../x"] = {"order": {"lines": [{"state": "sent"}]}}
    tool = order_tool(server, result_path="order.lines.0.state")
    room = Room(connections, tool)
    result = await room.run("find_order", {"id": "A 1/../x", "note": "a&b"})
    assert (result.outcome, result.text) == (ToolOutcome.DONE, "sent")
    ((method, path, headers, body),) = server.seen
    assert (method, path, body) == ("GET", "/orders/A%201%2F..%2Fx?note=a%26b", None)
    assert headers["Authorization"] == "Bearer secret" and "Idempotency-Key" not in headers


async def test_what_changes_things_is_done_once_for_the_same_arguments(
    server: ToolServer, connections: Connections
) -> None:
    tool = order_tool(server, method="POST", changes_things=True)
    room = Room(connections, tool)
    both = [room.run("find_order", {"id": "7", "note": "x"}) for _ in range(2)]
    assert [one.outcome for one in await asyncio.gather(*both)] == [ToolOutcome.DONE] * 2
    await room.run("find_order", {"note": "x", "id": "7"})
    await room.run("find_order", {"id": "8"})
    keys = [headers["Idempotency-Key"] for _, _, headers, _ in server.seen]
    assert [body for _, _, _, body in server.seen] == [{"note": "x"}, {}]
    assert len(set(keys)) == 2


async def test_a_change_that_nobody_waits_for_is_finished(
    server: ToolServer, connections: Connections
) -> None:
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def slowly(_request: web.Request) -> Any:
        asked.set()
        await may_answer.wait()
        return {"booked": True}

    server.answers["/orders/7"] = slowly
    room = Room(connections, order_tool(server, method="POST", changes_things=True))
    first = asyncio.create_task(room.run("find_order", {"id": "7"}))
    await asked.wait()
    first.cancel()
    may_answer.set()
    result = await room.run("find_order", {"id": "7"})
    assert result.text == '{"booked": true}' and len(server.seen) == 1
    await room.runner.aclose()


@pytest.mark.parametrize(
    ("name", "arguments", "outcome"),
    [
        ("delete_everything", {}, ToolOutcome.NOT_ALLOWED),
        ("find_order", {}, ToolOutcome.BAD_ARGUMENTS),
        ("find_order", {"id": 7}, ToolOutcome.BAD_ARGUMENTS),
        ("find_order", {"id": "1", "tenant_id": "2"}, ToolOutcome.BAD_ARGUMENTS),
        ("find_order", "[1]", ToolOutcome.BAD_ARGUMENTS),
        ("find_order", "{", ToolOutcome.BAD_ARGUMENTS),
        ("find_order", '{"id": "\\u0000"}', ToolOutcome.BAD_ARGUMENTS),
        ("find_order", {"id": "x" * 9000}, ToolOutcome.BAD_ARGUMENTS),
        ("find_order", {"id": ".."}, ToolOutcome.FAILED),
    ],
)
async def test_what_does_not_fit_never_leaves(
    server: ToolServer, connections: Connections, name: str, arguments: Any, outcome: ToolOutcome
) -> None:
    result = await Room(connections, order_tool(server)).run(name, arguments)
    assert result.outcome is outcome
    assert server.seen == []


async def test_failures_are_told_and_bounded(server: ToolServer, connections: Connections) -> None:
    async def hang(_request: web.Request) -> Any:
        await asyncio.Event().wait()

    server.answers["/orders/none"] = web.json_response({"error": "no such order"}, status=404)
    server.answers["/orders/away"] = web.Response(status=302, headers={"Location": "/orders/1"})
    server.answers["/orders/long"] = web.Response(body=b"x" * 300_000)
    server.answers["/orders/hang"] = hang
    room = Room(connections, order_tool(server, time_limit_s=0.2))
    told = {name: await room.run("find_order", {"id": name}) for name in ("none", "away", "long")}
    assert {one.outcome for one in told.values()} == {ToolOutcome.FAILED}
    assert told["none"].text == 'The tool answered 404. {"error": "no such order"}'
    assert "302" in told["away"].text and "too long" in told["long"].text
    late = await room.run("find_order", {"id": "hang"})
    assert late.outcome is ToolOutcome.LATE
    assert "secret" not in str(told) and "secret" not in repr(order_tool(server))


async def test_no_tool_reaches_the_inside(server: ToolServer) -> None:
    guarded = Connections()
    try:
        result = await Room(guarded, order_tool(server)).run("find_order", {"id": "1"})
    finally:
        await guarded.aclose()
    assert (result.outcome, server.seen) == (ToolOutcome.FAILED, [])


async def test_a_real_mcp_server_is_asked(connections: Connections) -> None:
    schema = {"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]}
    async with mcp_server() as url:
        stock = ToolTerms(ToolType.MCP, "shop__stock_of", "", schema, url, remote_name="stock_of")
        broken = ToolTerms(ToolType.MCP, "shop__broken", "", {}, url, remote_name="broken")
        room = Room(connections, stock, broken)
        done = await room.run("shop__stock_of", {"item": "chair"})
        failed = await room.run("shop__broken", {})
        await room.runner.aclose()
    assert (done.outcome, done.text) == (ToolOutcome.DONE, "5 of chair")
    assert failed.outcome is ToolOutcome.FAILED and "inside" not in failed.text


async def test_our_own_tools_do_what_they_say(connections: Connections) -> None:
    slots = (
        Slot("phone", SlotType.PHONE),
        Slot("day", SlotType.DATE),
        Slot("order", SlotType.ORDER_ID, required=False, pattern="AA-9999"),
    )
    uses = [ToolUse(one) for one in (ToolType.END_CALL, ToolType.TRANSFER_TO_HUMAN)]
    uses += [ToolUse(ToolType.SEND_FOLLOWUP), ToolUse(ToolType.COLLECT_DETAILS, slots=slots)]
    room = Room(connections, *map(built_in_terms, uses))
    given = {"phone": "98765 43210", "day": "tomorrow", "order": "ab 1234"}
    noted = json.loads((await room.run("collect_details", given)).text)
    assert noted == {
        "noted": {"phone": "+919876543210", "order": "AB1234"},
        "refused": {"day": "it is no date as YYYY-MM-DD"},
        "missing": ["day"],
    }
    await room.run("transfer_to_human", {"reason": "asked", "summary": "A refund."})
    to = {"channel": "sms", "to": "+919876543210", "message": "Hello."}
    await room.run("send_followup", to)
    assert (await room.run("end_call", {})).ends_call
    kinds = [action.kind for action in room.actions]
    assert kinds == [ActionKind.DETAILS, ActionKind.HAND_OFF, ActionKind.FOLLOW_UP]
    assert room.actions[1].data["details"] == noted["noted"]
