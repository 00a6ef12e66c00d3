"""A call in a real room: the bot answers from an uploaded PDF and uses an HTTP tool and an MCP tool."""

import asyncio
import io
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate

from callmissed.dev.scenario import Call, Mind, Scenario
from tests.e2e.caller import PATIENCE_S, POLL_S, Customer, calling, hear_greeting, open_customer
from tests.e2e.simulated import GREETING, finished_turns, simulated_installation, speak
from tests.tools.servers import mcp_server, tool_server

ASKED = "what is the price"
ANSWER = "The price is open today."
CALLS = (Call("find_price", {"item": "chair"}), Call("shop__stock_of", {"item": "chair"}))
PARAMETERS = {
    "type": "object",
    "properties": {"item": {"type": "string"}},
    "required": ["item"],
    "additionalProperties": False,
}


async def test_a_pdf_an_http_tool_and_an_mcp_tool_serve_one_answer(
    clean_environment: None,
) -> None:
    mind = Mind(answers=((ASKED, ANSWER),), calls=CALLS)
    settings = {"CALLMISSED_OUTBOUND_ALLOW": "127.0.0.0/8", "CALLMISSED_WORKER_PROCESSES": "1"}
    async with (
        tool_server() as server,
        mcp_server() as mcp_url,
        simulated_installation(Scenario(mind=mind), **settings) as (installation, sims),
        open_customer(installation) as customer,
    ):
        server.answers["/prices/chair"] = {"price": "five hundred"}
        bot = await _make_bot(customer, server.url, mcp_url)
        session = await customer.open_session(bot_id=bot["id"], language="en-IN", greeting=GREETING)
        async with calling(session) as caller:
            await hear_greeting(caller)
            assert await speak(caller, ASKED) == ANSWER
        turns = await finished_turns(customer, session["id"], 2)
        seen, requests = server.seen, sims.ledger.requests("clarifai.chat")
    answer = turns[1]
    assert [source["document"] for source in answer["sources"]] == ["prices.pdf"]
    used = [(one["tool"], one["outcome"], one["result"]) for one in answer["tools"]]
    assert used == [
        ("find_price", "done", "five hundred"),
        ("shop__stock_of", "done", "5 of chair"),
    ]
    assert [(method, path) for method, path, _, _ in seen] == [("GET", "/prices/chair")]
    assert seen[0][2]["X-Key"] == "of-the-shop"
    assert "of-the-shop" not in str(requests)


async def _make_bot(customer: Customer, http_url: str, mcp_url: str) -> dict[str, Any]:
    base = await _post(customer, "/v1/knowledge-bases", {"name": "Prices"})
    place = f"/v1/knowledge-bases/{base['id']}/documents"
    files = {"file": ("prices.pdf", _pdf(), "application/pdf")}
    document = (
        await customer.client.post(f"{place.removesuffix('/documents')}/uploads", files=files)
    ).raise_for_status()
    async with asyncio.timeout(PATIENCE_S):
        url = f"{place}/{document.json()['id']}"
        while (await customer.client.get(url)).json()["state"] != "indexed":
            await asyncio.sleep(POLL_S)
    form: dict[str, Any] = {
        "name": "find_price",
        "description": "Finds the price of an item.",
        "method": "GET",
        "url": f"{http_url}/prices/{{item}}",
        "parameters": PARAMETERS,
        "headers": {"X-Key": "of-the-shop"},
        "result_path": "price",
    }
    tool = await _post(customer, "/v1/tools", form)
    shop = {"type": "mcp", "name": "shop", "description": "The shop.", "url": mcp_url}
    server = await _post(customer, "/v1/tools", shop)
    await _post(customer, f"/v1/tools/{server['id']}/test", {})
    uses = [
        {"type": "http", "tool_id": tool["id"]},
        {"type": "mcp", "tool_id": server["id"], "allow": ["stock_of"]},
    ]
    bot = {"name": "Shop", "system_prompt": "You sell chairs.", "tools": uses}
    return await _post(customer, "/v1/bots", {**bot, "knowledge_base_ids": [base["id"]]})


async def _post(customer: Customer, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await customer.client.post(path, json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())


def _pdf() -> bytes:
    style = getSampleStyleSheet()
    target = io.BytesIO()
    SimpleDocTemplate(target, pagesize=A4).build(
        [
            Paragraph("Prices", style["Heading1"]),
            Paragraph("The price of a chair is five hundred rupees.", style["Normal"]),
        ]
    )
    return target.getvalue()
