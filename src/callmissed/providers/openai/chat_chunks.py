"""Puts an answer together from the chunks of a chat completion's stream.

Format: OpenAI's `chat.completion.chunk`, with what other servers are known to add to it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from livekit.agents import APIConnectionError, llm, utils
from livekit.agents.llm.utils import ThinkingTokenFilter, strip_thinking_tokens

from callmissed.kit.bounded_json import MalformedJsonError, UnholdableJsonError, parse_json
from callmissed.kit.token_estimate import estimate_tokens
from callmissed.providers.openai.chat_errors import NoAnswerError, error_inside
from callmissed.providers.openai.tool_calls import ToolCallReader
from callmissed.providers.openai.usage import TokenCount, read_token_count

DONE = b"[DONE]"
FAILED = "error"


class AnswerReader:
    """One answer. `request_id` (the provider's, else a name of ours) and `served_by` are known from
    its first chunk on. `is_finished` says that its last word has come, `is_done` that all has,
    `is_calling` that the last event was a piece of a tool call.

    Thoughts are counted and never given out: `reasoning_content`, `reasoning`, and what stands
    between the think tags.
    """

    def __init__(self, think_tags: tuple[str, str]) -> None:
        self.request_id = ""
        self.served_by = ""
        self.has_begun = False
        self.is_finished = False
        self.is_done = False
        self.is_calling = False
        self._thoughts = ThinkingTokenFilter(*think_tags)
        self._calls = ToolCallReader()
        self._count: TokenCount | None = None
        self._generated: list[str] = []
        self._has_words = False

    def begin(self, request_id: str) -> None:
        """The provider took the request; `request_id` is what its headers call it, if they do."""
        self.has_begun = True
        self.request_id = request_id or utils.shortuuid("chat_")

    def read(self, data: bytes) -> str:
        """The words that this event adds to the answer.

        Raises APIStatusError for an error inside the stream, APIConnectionError for an event that
        is no chunk.
        """
        if data == DONE:
            self.is_finished = self.is_done = True
            return ""
        chunk = _parse(data)
        self.request_id = _text(chunk.get("id")) or self.request_id
        self.served_by = _text(chunk.get("model")) or self.served_by
        choice = _first(chunk.get("choices"))
        self._raise_error(chunk, choice)
        self._count = (
            read_token_count(chunk.get("usage"))
            or read_token_count(choice.get("usage"))
            or self._count
        )
        return self._read_choice(choice)

    def finish(self) -> list[llm.FunctionToolCall]:
        """The tool calls of the whole answer.

        Raises APIConnectionError where the stream ended before the answer did, NoAnswerError for
        an answer without a word or call, APIError for a call that is cut or malformed.
        """
        if not self.is_finished:
            raise APIConnectionError("The answer ended early.")
        calls = self._calls.calls()
        if not calls and not self._has_words:
            raise NoAnswerError("The model ended without an answer.")
        return calls

    def count(self, estimate_input: Callable[[], int]) -> TokenCount:
        """As the provider told it; before it did, or where it does not, an estimate of what came so
        far.
        """
        if self._count is not None:
            return self._count
        given = sum(map(estimate_tokens, self._generated))
        return TokenCount(estimate_input(), given, is_estimate=True)

    def _read_choice(self, choice: Mapping[str, Any]) -> str:
        delta = choice.get("delta")
        delta = delta if isinstance(delta, Mapping) else {}
        thought = _text(delta.get("reasoning_content")) or _text(delta.get("reasoning"))
        content = _content(delta.get("content"))
        called = self._calls.read(delta.get("tool_calls"))
        self.is_calling = bool(called)
        self._generated += (part for part in (thought, content, called) if part)
        is_last = bool(_text(choice.get("finish_reason")))
        self.is_finished |= is_last
        return self._show(content, is_last=is_last)

    def _show(self, content: str, *, is_last: bool) -> str:
        words = strip_thinking_tokens(content, self._thoughts, final=is_last) or ""
        if not self._has_words:
            words = words.lstrip()
            self._has_words = bool(words)
        return words

    def _raise_error(self, chunk: Mapping[str, Any], choice: Mapping[str, Any]) -> None:
        error = chunk.get("error") or choice.get("error")
        if error or choice.get("finish_reason") == FAILED:
            raise error_inside(error, self.request_id)


def _parse(data: bytes) -> dict[str, Any]:
    try:
        chunk = parse_json(data)
    except (MalformedJsonError, UnholdableJsonError):
        chunk = None
    if not isinstance(chunk, dict):
        raise APIConnectionError("The answer holds a message that is no chunk.")
    return chunk


def _first(choices: object) -> dict[str, Any]:
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    return {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _content(value: object) -> str:
    """A delta's content is a string, or a list of parts with a text each (Mistral)."""
    if isinstance(value, list):
        return "".join(_text(part.get("text")) for part in value if isinstance(part, dict))
    return _text(value)
