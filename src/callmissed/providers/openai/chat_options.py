"""How a server's chat completions differ from OpenAI's: the `options` of a language model's stanza
in the catalogue, and what to post because of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callmissed.domain.models import Access, Model

MAX_OUTPUT_TOKENS = 1024

# What a server that fixes them itself refuses with any other value.
SAMPLING = ("temperature", "top_p", "n")


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """`body` and `headers` are added to each request as they stand, `path` to the provider's base
    URL.

    `max_tokens` bounds one answer and is sent in the field `max_tokens_field`. `temperature` is
    sent where it is set. With `sends_temperature` false nothing about sampling is ever sent, with
    `stream_options` false the stream is not asked for its usage. `strict_tools` sends schemas
    that OpenAI's strict mode takes. `late_system_role` is the role of system messages after the
    first message, for servers that take system messages only there. Text between `think_tags` is
    hidden thought.
    """

    path: str = "/chat/completions"
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    max_tokens: int = MAX_OUTPUT_TOKENS
    max_tokens_field: str = "max_tokens"
    temperature: float | None = None
    sends_temperature: bool = True
    stream_options: bool = True
    strict_tools: bool = False
    late_system_role: str = "system"
    think_tags: tuple[str, str] = ("<think>", "</think>")


_TYPES: dict[str, Any] = {
    "path": str,
    "body": Mapping,
    "headers": Mapping,
    "max_tokens": int,
    "max_tokens_field": str,
    "temperature": int | float,
    "sends_temperature": bool,
    "stream_options": bool,
    "strict_tools": bool,
    "late_system_role": str,
    "think_tags": list,
}


def read_chat_options(options: Mapping[str, Any]) -> ChatOptions:
    """Raises ValueError, naming the option, for one that is unknown or of the wrong type."""
    values = dict(options)
    for name, value in values.items():
        if name not in _TYPES:
            raise ValueError(f"there is no chat option {name!r}")
        if not isinstance(value, _TYPES[name]) or isinstance(value, bool) != (_TYPES[name] is bool):
            raise ValueError(f"the chat option {name!r} is of the wrong type")
    if "think_tags" in values:
        values["think_tags"] = _read_tags(values["think_tags"])
    return ChatOptions(**values)


def chat_url(access: Access, options: ChatOptions) -> str:
    return access.provider.base_url.rstrip("/") + options.path


def key_headers(access: Access) -> dict[str, str]:
    """The header that carries the key; none where there is no key."""
    provider = access.provider
    return {provider.key_header: f"{provider.key_prefix}{access.key}"} if access.key else {}


def compose_body(
    model: Model,
    options: ChatOptions,
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]],
    extra: Mapping[str, Any],
) -> dict[str, Any]:
    """The JSON of `POST /chat/completions`. `extra` are fields of this one request; the catalogue's
    `body` wins over them.
    """
    told = [each for each in messages if _says_something(each)]
    body: dict[str, Any] = {
        "model": model.upstream,
        "messages": [_suit_role(each, place, options) for place, each in enumerate(told)],
        "stream": True,
        options.max_tokens_field: options.max_tokens,
    }
    if options.stream_options:
        body["stream_options"] = {"include_usage": True}
    if options.temperature is not None:
        body["temperature"] = options.temperature
    body |= {**_tool_fields(told, tools), **extra}
    if not options.sends_temperature:
        body = {name: value for name, value in body.items() if name not in SAMPLING}
    return {**body, **options.body}


def _says_something(message: Mapping[str, Any]) -> bool:
    """Several servers refuse a message without text, such as an answer of which nothing was heard;
    a tool's result may be empty.
    """
    is_result = message["role"] == "tool"
    return is_result or bool(message.get("content") or message.get("tool_calls"))


def _suit_role(message: Mapping[str, Any], place: int, options: ChatOptions) -> Mapping[str, Any]:
    if message["role"] not in ("system", "developer"):
        return message
    return {**message, "role": options.late_system_role if place else "system"}


def _tool_fields(
    messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """A conversation that holds tool calls names those tools again where no tool is offered any
    more: several servers refuse it otherwise.
    """
    if tools:
        return {"tools": list(tools)}
    called = {
        call["function"]["name"]: None
        for message in messages
        for call in message.get("tool_calls", ())
    }
    if not called:
        return {}
    nothing = {"type": "object", "properties": {}}
    offered = [
        {"type": "function", "function": {"name": name, "parameters": nothing}} for name in called
    ]
    return {"tools": offered, "tool_choice": "none"}


def _read_tags(tags: Sequence[object]) -> tuple[str, str]:
    match tags:
        case [str(start), str(end)] if start and end:
            return start, end
    raise ValueError("the chat option 'think_tags' is two texts")
