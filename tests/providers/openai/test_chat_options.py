"""What is posted: the conversation, the tools, and what the catalogue says of the server."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from livekit.agents import llm

from callmissed.domain.models import Service
from callmissed.providers.catalog import CatalogError, load_catalog
from callmissed.providers.openai.chat_options import (
    MAX_OUTPUT_TOKENS,
    ChatOptions,
    chat_url,
    compose_body,
    read_chat_options,
)
from tests.providers.openai.asking import KEY, access_to, chat_model, context_of, hear, model_with
from tests.providers.openai.chat_server import answering, running_server

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "language-models.md"
SYSTEM = {"role": "system", "content": "You are kind."}
QUESTION = {"role": "user", "content": "When do you open?"}


@llm.function_tool
async def find_hours(day: str) -> str:
    """Tells the opening hours.

    Args:
        day: the day of the week
    """
    return day


def with_a_call() -> llm.ChatContext:
    context = context_of()
    context.items.append(llm.FunctionCall(call_id="a", name="find_hours", arguments='{"day":"x"}'))
    context.items.append(
        llm.FunctionCallOutput(call_id="a", name="find_hours", output="nine", is_error=False)
    )
    return context


async def posted(
    session: aiohttp.ClientSession,
    context: llm.ChatContext | None = None,
    tools: list[llm.Tool] | None = None,
    options: dict[str, Any] | None = None,
    **more: Any,
) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Path, headers and body of one request."""
    async with running_server(answering("At nine.")) as server:
        model = chat_model(session, access_to(server.url), **(options or {}))
        heard = await hear(model, context, tools, **more)
        assert heard.error is None
        request = server.requests[0]
    return request.path, request.headers, request.body


async def test_a_conversation_is_posted_as_openai_takes_it(session: aiohttp.ClientSession) -> None:
    path, headers, body = await posted(session)
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"bearer {KEY}"
    assert headers["accept-encoding"] == "identity"
    assert body == {
        "model": "vendor/model",
        "messages": [SYSTEM, QUESTION],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": MAX_OUTPUT_TOKENS,
    }


async def test_tools_and_their_results_are_posted(session: aiohttp.ClientSession) -> None:
    _, _, body = await posted(session, with_a_call(), [find_hours], tool_choice="required")
    assert body["tool_choice"] == "required"
    function = body["tools"][0]["function"]
    assert function["name"] == "find_hours"
    assert function["parameters"]["required"] == ["day"]
    assert "strict" not in function
    call = {"name": "find_hours", "arguments": '{"day":"x"}'}
    assert body["messages"][2:] == [
        {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": call}]},
        {"role": "tool", "tool_call_id": "a", "content": "nine"},
    ]


async def test_results_name_their_tools_where_none_is_offered(
    session: aiohttp.ClientSession,
) -> None:
    _, _, body = await posted(session, with_a_call())
    assert [tool["function"]["name"] for tool in body["tools"]] == ["find_hours"]
    assert body["tool_choice"] == "none"


async def test_a_stanza_says_how_its_server_differs(session: aiohttp.ClientSession) -> None:
    options = {
        "path": "/other/chat",
        "body": {"reasoning": {"enabled": False}},
        "headers": {"X-Title": "a title"},
        "max_tokens": 64,
        "max_tokens_field": "max_completion_tokens",
        "temperature": 0.6,
        "stream_options": False,
        "strict_tools": True,
    }
    path, headers, body = await posted(session, None, [find_hours], options)
    assert path == "/v1/other/chat"
    assert headers["x-title"] == "a title"
    assert body["max_completion_tokens"] == 64
    assert body["reasoning"] == {"enabled": False}
    assert body["temperature"] == 0.6
    assert body["tools"][0]["function"]["strict"] is True
    assert not {"max_tokens", "stream_options"} & set(body)


async def test_a_server_that_fixes_its_sampling_is_sent_none(
    session: aiohttp.ClientSession,
) -> None:
    more = {"extra_kwargs": {"temperature": 0.3, "top_p": 0.5, "n": 1, "seed": 7}}
    _, _, body = await posted(session, options={"sends_temperature": False}, **more)
    assert body["seed"] == 7
    assert not {"temperature", "top_p", "n"} & set(body)


async def test_what_nobody_heard_is_not_posted(session: aiohttp.ClientSession) -> None:
    context = context_of()
    context.add_message(role="assistant", content="")
    context.add_message(role="user", content="Hello?")
    _, _, body = await posted(session, context)
    assert body["messages"] == [SYSTEM, QUESTION, {"role": "user", "content": "Hello?"}]


def test_system_messages_suit_servers_that_take_them_first_only() -> None:
    messages = [SYSTEM, QUESTION, {"role": "developer", "content": "Mind this."}, QUESTION]
    model = model_with()
    for role in ("system", "user"):
        options = read_chat_options({"late_system_role": role})
        body = compose_body(model, options, messages, [], {})
        assert [one["role"] for one in body["messages"]] == ["system", "user", role, "user"]


@pytest.mark.parametrize(
    "options",
    [
        {"thinking": "off"},
        {"path": 7},
        {"body": "{}"},
        {"sends_temperature": 0},
        {"temperature": "warm"},
        {"temperature": True},
        {"max_tokens": True},
        {"think_tags": ["<think>"]},
        {"think_tags": [1, 2]},
        {"think_tags": 7},
    ],
)
def test_an_option_that_does_not_exist_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        read_chat_options(options)


def test_an_option_that_does_not_exist_stops_the_start(tmp_path: Path) -> None:
    own = tmp_path / "catalog.toml"
    own.write_text(
        '[[models]]\nid = "kimi-k2.5"\nservice = "llm"\noptions = { thinking = "off" }\n'
    )
    with pytest.raises(CatalogError, match=r"kimi-k2.5.*thinking"):
        load_catalog(own)


def test_the_guides_own_server_can_be_asked(tmp_path: Path) -> None:
    own = tmp_path / "catalog.toml"
    own.write_text(GUIDE.read_text().partition("```toml\n")[2].partition("```")[0])
    model = load_catalog(own).find(Service.LLM, "our-vllm/qwen3")
    assert model is not None
    messages = [SYSTEM, QUESTION, SYSTEM]
    body = compose_body(model, read_chat_options(model.options), messages, [], {})
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert [message["role"] for message in body["messages"]] == ["system", "user", "user"]


def test_the_guide_names_every_option() -> None:
    rows = GUIDE.read_text().partition("## Options")[2].partition("## ")[0]
    assert {line.split("`")[1] for line in rows.splitlines() if line.startswith("| `")} == {
        each.name for each in fields(ChatOptions)
    }


def test_every_language_model_of_the_catalogue_can_be_asked() -> None:
    catalog = load_catalog()
    remote = [model for model in catalog.of(Service.LLM) if model.provider != "local"]
    assert remote
    for model in remote:
        options = read_chat_options(model.options)
        body = compose_body(model, options, [QUESTION], [], {"temperature": 0.3})
        assert body["model"] == model.upstream
        assert ("temperature" in body) is options.sends_temperature
        assert chat_url(access_to("http://host/v1/"), options).startswith("http://host/v1/")


def test_thinking_is_off_in_every_stanza_that_knows_how() -> None:
    catalog = load_catalog()

    def body_of(model_id: str) -> Any:
        model = catalog.find(Service.LLM, model_id)
        assert model is not None
        return compose_body(model, read_chat_options(model.options), [QUESTION], [], {})

    assert body_of("kimi-k2.5")["chat_template_kwargs"] == {"thinking": False}
    assert body_of("openrouter/moonshotai/kimi-k2.5")["reasoning"] == {"enabled": False}
    assert body_of("moonshot/kimi-k2.5")["thinking"] == {"type": "disabled"}
    assert body_of("sarvam-105b")["reasoning_effort"] == "low"
