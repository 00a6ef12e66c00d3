"""A bot in text: the answer that a call would give, as events."""

import json
from typing import Any

import httpx2
import pytest

from tests.api.conftest import Installation
from tests.api.test_bots import make


async def chat(api: httpx2.AsyncClient, bot_id: Any, *words: str, **more: Any) -> list[Any]:
    """The events as (name, data); `words` are the user's and the assistant's in turn."""
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": text} for n, text in enumerate(words)]
    answer = await api.post(f"/v1/bots/{bot_id}/chat", json={"messages": messages, **more})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = []
    for block in answer.text.strip().split("\n\n"):
        name, data = block.split("\n")
        events.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return events


async def test_the_sample_bot_answers_from_its_documents(
    api: httpx2.AsyncClient, installation: Installation
) -> None:
    events = await chat(api, installation.first.bot_id, "What are your opening hours?")
    assert {name for name, _ in events} == {"words", "answered"}
    name, answered = events[-1]
    assert name == "answered"
    words = "".join(data["text"] for name, data in events if name == "words")
    assert answered["text"] == words.strip() != ""
    assert answered["sources"] and answered["retrieval_ms"] is not None
    assert answered["llm_model"] == "local/answerer"
    assert "failure" not in answered["trace"]


async def test_a_draft_can_be_tried(api: httpx2.AsyncClient) -> None:
    bot = await make(api)
    place = f"/v1/bots/{bot['id']}"
    body = {"messages": [{"role": "user", "content": "Hello"}], "draft": True}
    assert (await api.post(f"{place}/chat", json=body)).status_code == 404
    await api.patch(f"{place}/draft", json={"greeting": "Hi."})
    events = await chat(api, bot["id"], "Hello", draft=True)
    assert events[-1][0] == "answered"
    assert (await chat(api, bot["id"], "Hi", "Hello!", "Bye", version=1))[-1][0] == "answered"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"messages": []}, 422),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 422),
        ({"messages": [{"role": "system", "content": "x"}]}, 422),
        ({"messages": [{"role": "user", "content": "x"}], "version": 7}, 404),
        ({"messages": [{"role": "user", "content": "x"}], "version": 1, "draft": True}, 422),
    ],
)
async def test_what_cannot_be_answered_is_refused(
    api: httpx2.AsyncClient, installation: Installation, body: Any, status: int
) -> None:
    answer = await api.post(f"/v1/bots/{installation.first.bot_id}/chat", json=body)
    assert answer.status_code == status, answer.text


async def test_strangers_cannot_chat(
    stranger: httpx2.AsyncClient, installation: Installation
) -> None:
    body = {"messages": [{"role": "user", "content": "What are your hours?"}]}
    answer = await stranger.post(f"/v1/bots/{installation.first.bot_id}/chat", json=body)
    assert answer.status_code == 404
