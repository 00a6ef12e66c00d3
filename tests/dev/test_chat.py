"""The simulated language models, as OpenAI's own client and a bare connection see them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import openai
import pytest

from callmissed.dev.faults import Fault
from callmissed.dev.minds import tokens_of
from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.scenario import SWIFT, Call, Mind, Scenario

KIMI = "moonshotai/chat-completion/models/Kimi-K2_5"
HELLO = [{"role": "user", "content": "When do you open?"}]
TOOL = {
    "type": "function",
    "function": {"name": "book", "parameters": {"type": "object", "properties": {}}},
}
CALM = {"chat_template_kwargs": {"thinking": False}}


def with_mind(**changes: Any) -> Scenario:
    return replace(SWIFT, mind=replace(SWIFT.mind, **changes))


@asynccontextmanager
async def client_of(
    sims: Providers, vendor: str = "chat", key: str = "key"
) -> AsyncIterator[openai.AsyncOpenAI]:
    url = sims.url(vendor) + ("/v2" if vendor == "sarvam" else "")
    async with openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0) as client:
        yield client


async def stream(client: openai.AsyncOpenAI, model: str = "gpt-4.1-mini", **more: Any) -> list[Any]:
    wish = more.pop("stream_options", {"include_usage": True})
    made = await client.chat.completions.create(
        model=model, messages=more.pop("messages", HELLO), stream=True, stream_options=wish, **more
    )
    return [chunk async for chunk in made]


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def post(sims: Providers, vendor: str, body: dict[str, Any], path: str = "") -> Any:
    """Status, headers and text of an answer without a client between."""
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bearer key"}) as session,
        session.post(sims.url(vendor) + path + "/chat/completions", json=body) as answer,
    ):
        return answer.status, answer.headers, await answer.text()


async def test_a_stream_ends_with_its_usage_and_the_ledger_agrees() -> None:
    async with running_providers(with_mind(cached_tokens=5)) as sims, client_of(sims) as client:
        chunks = await stream(client)
        assert text_of(chunks) == "You said: When do you open?."
        usage = chunks[-1].usage
        assert usage.completion_tokens == len(tokens_of("You said: When do you open?."))
        assert usage.completion_tokens == sims.ledger.total("output_tokens", model="gpt-4.1-mini")
        assert usage.prompt_tokens == sims.ledger.total("input_tokens", key="key")
        assert usage.prompt_tokens_details.cached_tokens == 5
        assert sims.ledger.requests("chat")[0].outcome == "finished"


async def test_an_answer_may_come_whole() -> None:
    async with running_providers(SWIFT) as sims, client_of(sims) as client:
        made = await client.chat.completions.create(model="gpt-4.1-mini", messages=HELLO)
        assert made.choices[0].message.content == "You said: When do you open?."
        assert made.usage.completion_tokens == sims.ledger.total("output_tokens")


async def test_usage_may_be_missing() -> None:
    async with running_providers(with_mind(tells_usage=False)) as sims, client_of(sims) as client:
        assert all(chunk.usage is None for chunk in await stream(client))


async def test_answers_follow_what_was_said_and_bounds_hold() -> None:
    async with (
        running_providers(with_mind(answers=(("open", "At nine o'clock."),))) as sims,
        client_of(sims) as client,
    ):
        assert text_of(await stream(client)) == "At nine o'clock."
        short = await stream(client, max_tokens=2)
        assert text_of(short) == "At nine"
        assert short[-2].choices[0].finish_reason == "length"


async def test_tools_are_called_once_and_then_answered() -> None:
    mind = with_mind(calls=(Call("book", {"day": "सोमवार"}),), reply="Booked.")
    async with running_providers(mind) as sims, client_of(sims) as client:
        chunks = await stream(client, tools=[TOOL])
        calls = [
            c.choices[0].delta.tool_calls[0] for c in chunks[:-1] if c.choices[0].delta.tool_calls
        ]
        assert calls[0].function.name == "book"
        arguments = "".join(call.function.arguments for call in calls)
        assert json.loads(arguments) == {"day": "सोमवार"}
        assert chunks[-2].choices[0].finish_reason == "tool_calls"
        made = [
            {
                "id": calls[0].id,
                "type": "function",
                "function": {"name": "book", "arguments": arguments},
            }
        ]
        result = {"role": "tool", "tool_call_id": calls[0].id, "content": "done"}
        talk = [*HELLO, {"role": "assistant", "tool_calls": made}, result]
        assert text_of(await stream(client, messages=talk, tools=[TOOL])) == "Booked."


async def test_kimi_at_clarifai_thinks_until_it_is_told_not_to() -> None:
    async with running_providers(SWIFT) as sims, client_of(sims, "clarifai") as client:
        loud = await stream(client, KIMI)
        calm = await stream(client, KIMI, extra_body=CALM)
        thoughts = [getattr(c.choices[0].delta, "reasoning_content", None) for c in loud[:-1]]
        assert "".join(filter(None, thoughts)) == SWIFT.mind.reasoning
        assert text_of(loud) == text_of(calm)
        assert loud[-1].usage.completion_tokens > calm[-1].usage.completion_tokens
        assert calm[-1].usage.completion_tokens_details.reasoning_tokens == 0


async def test_openrouter_comments_names_its_generation_and_the_model_used() -> None:
    async with running_providers(with_mind(served_by="moonshotai/kimi-k2.5-0127")) as sims:
        body = {"model": "openrouter/auto", "messages": HELLO, "stream": True}
        status, headers, text = await post(sims, "openrouter", body)
        assert status == 200
        assert text.startswith(": OPENROUTER PROCESSING\n\n")
        first = json.loads(text.split("\n\n")[1].removeprefix("data: "))
        assert first["id"] == headers["X-Generation-Id"]
        assert first["model"] == "moonshotai/kimi-k2.5-0127"


async def test_openrouter_tells_errors_inside_a_stream_of_200() -> None:
    async with running_providers(SWIFT, [Fault("openrouter", "error_inside", after=3)]) as sims:
        body = {"model": "openrouter/auto", "messages": HELLO, "stream": True}
        status, _, text = await post(sims, "openrouter", body)
        last = json.loads(text.strip().split("\n\n")[-1].removeprefix("data: "))
        assert status == 200
        assert last["error"]["code"] == 500
        assert "[DONE]" not in text
        async with client_of(sims, "openrouter") as client:
            with pytest.raises(openai.APIError):
                await stream(client, "openrouter/auto")


async def test_moonshot_refuses_a_temperature_of_ones_own() -> None:
    async with running_providers(SWIFT) as sims, client_of(sims, "moonshot") as client:
        with pytest.raises(openai.BadRequestError):
            await stream(client, "kimi-k2.5", temperature=0.2)
        calm = {"thinking": {"type": "disabled"}}
        assert text_of(await stream(client, "kimi-k2.5", extra_body=calm))


async def test_local_servers_need_no_key_and_think_between_tags() -> None:
    async with running_providers(SWIFT) as sims:
        for vendor in ("ollama", "vllm"):
            async with aiohttp.ClientSession() as session:
                body = {"model": "qwen-thinking", "messages": HELLO}
                url = sims.url(vendor) + "/chat/completions"
                async with session.post(url, json=body) as answer:
                    assert answer.status == 200
            async with client_of(sims, vendor) as client:
                said = text_of(await stream(client, "qwen-thinking"))
                assert said.startswith(f"<think>{SWIFT.mind.reasoning}</think>You said")


async def test_sarvam_takes_a_wish_for_usage_on_v2_only() -> None:
    body = {"model": "sarvam-105b", "messages": HELLO, "stream": True}
    wish = {"stream_options": {"include_usage": True}}
    async with running_providers(SWIFT) as sims:
        assert (await post(sims, "sarvam", body | wish, "/v1"))[0] == 400
        status, _, text = await post(sims, "sarvam", body | wish, "/v2")
        assert status == 200
        assert '"usage"' in text
        assert "reasoning_content" in text
        assert '"usage"' not in (await post(sims, "sarvam", body, "/v1"))[2]


async def test_sarvam_refuses_a_tool_message_without_tools() -> None:
    talk = [*HELLO, {"role": "tool", "tool_call_id": "1", "content": "done"}]
    async with running_providers(SWIFT) as sims:
        status, _, text = await post(
            sims, "sarvam", {"model": "sarvam-105b", "messages": talk}, "/v2"
        )
        assert status == 400
        assert json.loads(text)["error"]["code"] == "invalid_request_error"


async def test_models_are_listed() -> None:
    async with running_providers(SWIFT) as sims, client_of(sims, "openrouter") as client:
        listed = [model.id async for model in client.models.list()]
        assert "moonshotai/kimi-k2.5" in listed
        assert (await client.models.retrieve("moonshotai/kimi-k2.5")).owned_by == "openrouter"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault("chat", "rate_limit", retry_after_s=0.2), 429, "rate_limit_exceeded"),
        (Fault("chat", "quota"), 429, "insufficient_quota"),
        (Fault("chat", "server_error", status=503), 503, None),
    ],
)
async def test_refusals_have_their_status_and_code(fault: Fault, status: int, code: str) -> None:
    async with running_providers(SWIFT, [fault]) as sims, client_of(sims) as client:
        with pytest.raises(openai.APIStatusError) as refused:
            await stream(client)
        assert (refused.value.status_code, refused.value.code) == (status, code)
        if fault.kind == "rate_limit":
            assert refused.value.response.headers["Retry-After"] == "0.2"


async def test_a_bad_key_is_refused_by_each_vendor() -> None:
    async with running_providers(SWIFT) as sims:
        for vendor, refusal in (
            ("clarifai", openai.AuthenticationError),
            ("sarvam", openai.PermissionDeniedError),
        ):
            async with client_of(sims, vendor, key="bad") as client:
                with pytest.raises(refusal):
                    await stream(client, "sarvam-105b" if vendor == "sarvam" else KIMI)


async def test_an_end_below_the_protocol_is_seen_as_one() -> None:
    for kind in ("fin", "reset"):
        async with running_providers(SWIFT, [Fault("chat", kind, after=4)]) as sims:
            with pytest.raises(aiohttp.ClientError):
                await post(sims, "chat", {"model": "m", "messages": HELLO, "stream": True})
            assert sims.ledger.requests()[0].amounts["output_tokens"] == 4
            assert sims.ledger.requests()[0].outcome == "failed"


async def test_an_end_of_an_unchunked_stream_looks_regular() -> None:
    fault = Fault("chat", "fin", after=4, unchunked=True)
    async with running_providers(SWIFT, [fault]) as sims:
        body = {"model": "m", "messages": HELLO, "stream": True}
        status, headers, text = await post(sims, "chat", body)
        assert (status, headers["Connection"]) == (200, "close")
        assert text.count("data: ") == 5
        assert "[DONE]" not in text


async def test_a_stream_is_cut_at_the_byte() -> None:
    async with (
        running_providers(SWIFT, [Fault("chat", "fin", after=333, unit="bytes")]) as sims,
        aiohttp.ClientSession(headers={"Authorization": "Bearer key"}) as session,
        session.post(
            sims.chat_url + "/chat/completions",
            json={"model": "m", "messages": HELLO, "stream": True},
        ) as answer,
    ):
        assert len(await answer.content.readexactly(333)) == 333
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.content.read()


@pytest.mark.parametrize("kind", ["empty", "reasoning_only", "close"])
async def test_an_answer_may_hold_no_words(kind: Any) -> None:
    async with running_providers(SWIFT, [Fault("chat", kind)]) as sims:
        body = {"model": "m", "messages": HELLO, "stream": True}
        status, _, text = await post(sims, "chat", body)
        contents = [
            choice["delta"].get("content")
            for line in text.split("\n\n")
            if line.startswith("data: {")
            for choice in json.loads(line[6:])["choices"]
        ]
        assert status == 200
        assert not any(contents)
        assert ("[DONE]" in text) == (kind != "close")


async def test_lines_may_be_broken_or_huge() -> None:
    async with running_providers(SWIFT, [Fault("chat", "malformed", after=2)]) as sims:
        body = {"model": "m", "messages": HELLO, "stream": True}
        assert 'data: {"broken": \n\n' in (await post(sims, "chat", body))[2]
        sims.set_fault(Fault("chat", "huge_line", after=2))
        lines = (await post(sims, "chat", body))[2].split("\n\n")
        assert max(map(len, lines)) > 10_000_000


@pytest.mark.parametrize("kind", ["hang", "stall", "never_final"])
async def test_what_never_ends_ends_when_the_client_leaves(kind: Any) -> None:
    async with running_providers(SWIFT, [Fault("chat", kind, after=2)]) as sims:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await post(sims, "chat", {"model": "m", "messages": HELLO, "stream": True})
        assert sims.ledger.requests()[0].outcome == "failed"


async def test_a_client_that_leaves_is_seen() -> None:
    async with running_providers(with_mind(token_ms=20)) as sims:
        async with client_of(sims) as client:
            made = await client.chat.completions.create(model="m", messages=HELLO, stream=True)
            async for _ in made:
                break
            await made.close()
        async with asyncio.timeout(5):
            while sims.ledger.requests()[0].outcome == "open":
                await asyncio.sleep(0)
        left = sims.ledger.requests()[0]
        assert left.outcome == "left"
        assert left.amounts["output_tokens"] < len(tokens_of("You said: When do you open?."))


async def test_a_fault_may_strike_one_use_one_key_or_some() -> None:
    body = {"model": "m", "messages": HELLO}
    async with running_providers(SWIFT, [Fault("chat", "server_error", uses=(2,))]) as sims:
        assert [(await post(sims, "chat", body))[0] for _ in range(3)] == [200, 500, 200]
        sims.set_fault(Fault("chat", "server_error", key="another"))
        assert (await post(sims, "chat", body))[0] == 200
        sims.set_fault(Fault("*", "server_error", probability=0.5, seed=4))
        first = [(await post(sims, "chat", body))[0] for _ in range(20)]
        sims.set_fault(Fault("*", "server_error", probability=0.5, seed=4))
        assert [(await post(sims, "chat", body))[0] for _ in range(20)] == first
        assert {200, 500} == set(first)


async def test_a_refusing_vendor_refuses_alone() -> None:
    async with running_providers(SWIFT, [Fault("clarifai", "refuse")]) as sims:
        body = {"model": "m", "messages": HELLO}
        with pytest.raises(aiohttp.ClientConnectorError):
            await post(sims, "clarifai", body)
        assert (await post(sims, "openrouter", body))[0] == 200
        sims.set_fault()
        assert (await post(sims, "clarifai", body))[0] == 200


async def test_the_defaults_are_the_published_medians() -> None:
    assert (Mind().first_token_ms, round(Mind().token_ms, 2)) == (256, 2.42)
