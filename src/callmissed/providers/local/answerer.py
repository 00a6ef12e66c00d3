"""An answerer in a language model's place: it says what the documents say, word for word, or that
they don't.

It reads the passages that `domain.prompts` puts before the caller's words (LiveKit Agents
`llm.LLM`, 1.8).
"""

import re
from collections.abc import Sequence
from typing import Any, Never

from livekit.agents import llm, utils
from livekit.agents.types import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    NotGivenOr,
)

from callmissed.domain.knowledge import Passage
from callmissed.domain.prompts import holds_passages, parse_passages
from callmissed.kit.lexical import terms_of
from callmissed.providers.local.extraction import extract_answer
from callmissed.providers.local.question import read_question
from callmissed.providers.local.smalltalk import ASK_AGAIN, UNKNOWN, small_talk

_PIECE = re.compile(r"\s*\S+")


class ExtractiveLLM(llm.LLM[Never]):
    """Answers from the passages in the context; knows nothing else and calls no tools."""

    @property
    def model(self) -> str:
        return "answerer"

    @property
    def provider(self) -> str:
        return "local"

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> "ExtractiveStream":
        return ExtractiveStream(
            self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options
        )


class ExtractiveStream(llm.LLMStream):
    """One reply, word by word."""

    async def _run(self) -> None:
        request_id = utils.shortuuid("local_")
        reply = answer_chat(self._chat_ctx)
        pieces = _PIECE.findall(reply)
        for piece in pieces:
            delta = llm.ChoiceDelta(role="assistant", content=piece)
            self._event_ch.send_nowait(llm.ChatChunk(id=request_id, delta=delta))
        read = sum(
            len((message.text_content or "").split()) for message in self._chat_ctx.messages()
        )
        usage = llm.CompletionUsage(
            completion_tokens=len(pieces), prompt_tokens=read, total_tokens=read + len(pieces)
        )
        self._event_ch.send_nowait(llm.ChatChunk(id=request_id, usage=usage))


def answer_chat(context: llm.ChatContext) -> str:
    """The reply to the last thing the caller said."""
    said = [m.text_content or "" for m in context.messages() if m.role == "user"]
    replies = [m.text_content or "" for m in context.messages() if m.role == "assistant"]
    words = said[-1] if said else ""
    return answer_words(
        words, _passages_in(context), earlier=said[:-1], last_reply=replies[-1] if replies else ""
    )


def answer_words(
    words: str, passages: Sequence[Passage], *, earlier: Sequence[str] = (), last_reply: str = ""
) -> str:
    """One or two sentences; `earlier` are the caller's former words, oldest first."""
    talk = small_talk(words, last_reply, [passage.heading for passage in passages])
    if talk is not None:
        return talk
    previous = next((text for text in reversed(earlier) if _asks_something(text)), "")
    question = read_question(words, previous)
    if not question.terms:
        return ASK_AGAIN
    return extract_answer(question, passages) or UNKNOWN


def _asks_something(text: str) -> bool:
    return any(term.weight >= 1 for term in terms_of(text))


def _passages_in(context: llm.ChatContext) -> tuple[Passage, ...]:
    for message in reversed(context.messages()):
        text = message.text_content or ""
        if message.role != "user" and holds_passages(text):
            return parse_passages(text)
    return ()
