"""Bots as files and from templates."""

from typing import Any

import httpx2
import pytest

from callmissed.services.bot_templates import list_templates
from tests.api.conftest import Installation
from tests.api.test_bot_chat import chat
from tests.api.test_bots import make

TEMPLATES = [one.name for one in list_templates()]


async def test_a_bot_comes_back_from_its_file(
    api: httpx2.AsyncClient, installation: Installation
) -> None:
    base = (await api.post("/v1/knowledge-bases", json={"name": "Only in the file"})).json()
    form = {
        "name": "in_the_file",
        "description": "Looks up.",
        "url": "http://10.9.0.1/{id}",
        "parameters": {
            "type": "object",
            "properties": {"id": {"type": "string"}},
            "required": ["id"],
        },
        "headers": {"X-Key": "never-in-a-file"},
    }
    tool = (await api.post("/v1/tools", json=form)).json()
    bot = await make(
        api,
        system_prompt="Line one.\nno: is a word, 12:30 too\n",
        knowledge_base_ids=[base["id"]],
        tools=[{"type": "http", "tool_id": tool["id"]}, {"type": "end_call"}],
        hand_off={"keywords": ["no", "on", "2026-01-01"]},
        ivr_menu={"prompt": "Press one.", "options": [{"digit": "1", "goal": "agent"}]},
    )
    answer = await api.get(f"/v1/bots/{bot['id']}/export")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/yaml")
    assert "never-in-a-file" not in answer.text and base["id"] not in answer.text
    again = await api.post("/v1/bots/import", json={"yaml": answer.text, "name": "Twin"})
    assert again.status_code == 201, again.text
    differs = {"id", "name", "created_at", "updated_at"}
    twin = again.json()
    assert {k: v for k, v in twin.items() if k not in differs} == {
        k: v for k, v in bot.items() if k not in differs
    }


@pytest.mark.parametrize(
    ("text", "status", "param"),
    [
        ("- not\n- a bot", 422, "yaml"),
        ("name: x", 422, "yaml"),
        ("callmissed_bot: 1\na: &a [1]\nb: *a", 422, "yaml"),
        ("callmissed_bot: 1\nx: !!python/object:os.system {}", 422, "yaml"),
        ("callmissed_bot: 1\nname: [", 422, "yaml"),
        ("callmissed_bot: 1\nname: x", 422, "system_prompt"),
        ("callmissed_bot: 1\nname: x\nsystem_prompt: x\nsurprise: 1", 422, "surprise"),
        (
            "callmissed_bot: 1\nname: x\nsystem_prompt: x\nknowledge_bases: [none]",
            404,
            "knowledge_bases",
        ),
        (
            "callmissed_bot: 1\nname: x\nsystem_prompt: x\ntools: [{type: http, tool: no}]",
            404,
            "tools",
        ),
    ],
)
async def test_a_file_that_means_nothing_is_refused(
    api: httpx2.AsyncClient, text: str, status: int, param: str
) -> None:
    answer = await api.post("/v1/bots/import", json={"yaml": text})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["param"] == param


@pytest.mark.parametrize("template", TEMPLATES)
async def test_a_template_is_a_whole_bot(api: httpx2.AsyncClient, template: str) -> None:
    body: dict[str, Any] = {"template": template, "service_url": "http://10.9.0.1:8095"}
    answer = await api.post("/v1/bots/from-template", json=body)
    assert answer.status_code == 201, answer.text
    bot = answer.json()
    types = [use["type"] for use in bot["tools"]]
    assert "http" in types and "collect_details" in types
    again = await api.post("/v1/bots/from-template", json={"template": template, "name": "Other"})
    assert [use["type"] for use in again.json()["tools"]] == [one for one in types if one != "http"]
    (base_id,) = bot["knowledge_base_ids"]
    base = (await api.get(f"/v1/knowledge-bases/{base_id}")).json()
    assert base["document_count"] == 1 and base["passage_count"] >= 3


async def test_a_template_answers_from_its_documents(api: httpx2.AsyncClient) -> None:
    bot = (await api.post("/v1/bots/from-template", json={"template": "reception"})).json()
    events = await chat(api, bot["id"], "How much is a first consultation?")
    assert "600" in events[-1][1]["text"]
    listed = (await api.get("/v1/bot-templates")).json()
    assert [one["name"] for one in listed] == TEMPLATES
