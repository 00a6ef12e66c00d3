"""What a simulated language model answers to a request, and how many tokens that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callmissed.dev.scenario import Call, Mind
from callmissed.kit.token_estimate import cut_tokens
from callmissed.providers.openai.usage import estimate_input


@dataclass(frozen=True, slots=True)
class Answer:
    """Calls of tools, or a text."""

    text: str = ""
    calls: tuple[Call, ...] = ()


def tokens_of(text: str) -> list[str]:
    """Joined they are the text; each is told in an event of its own."""
    return cut_tokens(text)


def answer_of(mind: Mind, body: Mapping[str, Any]) -> Answer:
    """What the scenario says to the caller's last words."""
    messages = body.get("messages", [])
    calls = _calls_due(mind, messages, _offered(body))
    if calls:
        return Answer(calls=calls)
    said = said_last(messages)
    for needle, reply in mind.answers:
        if needle.casefold() in said.casefold():
            return Answer(reply.replace("{said}", said))
    return Answer(mind.reply.replace("{said}", said))


def said_last(messages: Sequence[Mapping[str, Any]]) -> str:
    """The caller's last words."""
    spoken = [_text(message) for message in messages if message.get("role") == "user"]
    return spoken[-1] if spoken else ""


def count_input(body: Mapping[str, Any]) -> int:
    """Tokens of all messages and tools, and four for each message."""
    return estimate_input(body.get("messages", ()), body.get("tools") or ())


def _calls_due(
    mind: Mind, messages: Sequence[Mapping[str, Any]], offered: frozenset[str]
) -> tuple[Call, ...]:
    if messages and messages[-1].get("role") == "tool":
        return ()
    return tuple(call for call in mind.calls if call.name in offered)


def _offered(body: Mapping[str, Any]) -> frozenset[str]:
    if body.get("tool_choice") == "none":
        return frozenset()
    return frozenset(tool["function"]["name"] for tool in body.get("tools") or ())


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)
