"""Puts tool calls together from the pieces in which a chat completion streams them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import APIError, llm, utils

MAX_CALLS_CHARS = 100_000
MAX_CALLS = 64


@dataclass(slots=True)
class _Call:
    index: int
    call_id: str
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    extra: dict[str, Any] | None = None


class ToolCallReader:
    """The calls of one answer. A call is given out only when it is whole: nothing is done because
    of an answer that broke off.
    """

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._read_chars = 0

    def read(self, deltas: object) -> str:
        """Takes a delta's `tool_calls`; returns the text that the model generated for them. Raises
        APIError where there is more than any answer needs.
        """
        if not isinstance(deltas, list):
            return ""
        text = "".join(self._read_delta(delta) for delta in deltas if isinstance(delta, Mapping))
        self._read_chars += len(text)
        if self._read_chars > MAX_CALLS_CHARS or len(self._calls) > MAX_CALLS:
            raise APIError("The model's tool calls have no end.", retryable=False)
        return text

    def calls(self) -> list[llm.FunctionToolCall]:
        """In the order in which they began.

        Raises APIError for a call without a name, or whose arguments are no JSON object.
        """
        return [_whole(call) for call in self._calls]

    def _read_delta(self, delta: Mapping[str, Any]) -> str:
        function = delta.get("function")
        function = function if isinstance(function, Mapping) else {}
        name, arguments = _text(function.get("name")), _text(function.get("arguments"))
        call = self._call_of(delta, name)
        call.name = call.name or name
        call.arguments.append(arguments)
        if isinstance(delta.get("extra_content"), dict):
            call.extra = delta["extra_content"]
        return name + arguments

    def _call_of(self, delta: Mapping[str, Any], name: str) -> _Call:
        """A piece goes to the last call of its index. One with another id begins a call of its own,
        as does a name after whole arguments: not every server counts the index up.
        """
        index, call_id = delta.get("index"), _text(delta.get("id"))
        index = index if isinstance(index, int) else len(self._calls) - (not name)
        for call in reversed(self._calls):
            if call.index == index:
                if call_id in ("", call.call_id) and not (name and _is_full(call)):
                    return call
                break
        call = _Call(index, call_id or utils.shortuuid("call_"))
        self._calls.append(call)
        return call


def _whole(call: _Call) -> llm.FunctionToolCall:
    if not "".join(call.arguments).strip():
        call.arguments = ["{}"]
    if not call.name or not _is_full(call):
        raise APIError("The model's tool call is cut or malformed.")
    return llm.FunctionToolCall(
        name=call.name,
        arguments="".join(call.arguments).strip(),
        call_id=call.call_id,
        extra=call.extra,
    )


def _is_full(call: _Call) -> bool:
    try:
        return isinstance(json.loads("".join(call.arguments)), dict)
    except (ValueError, RecursionError):
        return False


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
