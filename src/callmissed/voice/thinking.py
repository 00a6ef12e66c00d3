"""Asks the language models for an answer, one after the other where one fails, within deadlines."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from livekit.agents import NOT_GIVEN, APIConnectOptions, NotGivenOr, llm

from callmissed.domain.knowledge import Retrieval
from callmissed.domain.models import Candidate, Service
from callmissed.domain.prompts import PASSAGES_AWAY, render_passages
from callmissed.voice.candidates import Choices, Trial
from callmissed.voice.continuing import Continuation, WholeWords, ask_to_go_on

FIRST_TOKEN_TIMEOUT_S = 2.5
NEXT_TOKEN_TIMEOUT_S = 1.5
LLM_OPTIONS = APIConnectOptions(max_retry=0, timeout=FIRST_TOKEN_TIMEOUT_S)
"""The next model is worth more than the same one again."""

Chunk = TypeVar("Chunk")


class NothingSaidError(Exception):
    """The model ended without a word."""


class Mind:
    """The language models of one call."""

    def __init__(
        self,
        candidates: Sequence[Candidate[llm.LLM[Any]]],
        *,
        first_token_s: float = FIRST_TOKEN_TIMEOUT_S,
        next_token_s: float = NEXT_TOKEN_TIMEOUT_S,
    ) -> None:
        self._candidates = candidates
        self._first_token_s = first_token_s
        self._next_token_s = next_token_s

    async def answer(
        self,
        context: llm.ChatContext,
        tools: list[llm.Tool],
        tool_choice: NotGivenOr[llm.ToolChoice],
        choices: Choices,
        note_model: Callable[[str], None],
    ) -> AsyncGenerator[llm.ChatChunk | str, None]:
        """Text in whole words, and tool calls, as they come. `note_model` is told whose they are.

        A model that fails, stalls or says nothing is left for the next, which goes on behind the
        words that were given already; who was left is kept in `choices`. Raises the last
        failure where no model brings the answer to its end.
        """
        trial = Trial(Service.LLM, self._candidates, choices)
        said = ""
        while (candidate := trial.next()) is not None:
            progress = _Progress(said)
            asked = ask_to_go_on(context, said) if said else context
            try:
                async with aclosing(
                    self._ask(candidate.engine, asked, tools, tool_choice)
                ) as chunks:
                    async for chunk in chunks:
                        if not progress.has_begun and says_something(chunk):
                            note_model(candidate.model.id)
                        for part in progress.take(chunk):
                            said += part if isinstance(part, str) else ""
                            yield part
                if rest := progress.finish():
                    yield rest
                trial.succeeded()
                return
            except Exception as error:
                trial.failed(error, after_output=progress.has_begun)
                if progress.calls_tools:
                    return
        raise trial.last_error

    async def _ask(
        self,
        engine: llm.LLM[Any],
        context: llm.ChatContext,
        tools: list[llm.Tool],
        tool_choice: NotGivenOr[llm.ToolChoice],
    ) -> AsyncGenerator[llm.ChatChunk, None]:
        stream = engine.chat(
            chat_ctx=context,
            tools=tools,
            tool_choice=tool_choice or NOT_GIVEN,
            conn_options=LLM_OPTIONS,
        )
        async with stream:
            chunks = within_deadlines(
                stream, says_something, self._first_token_s, self._next_token_s
            )
            async with aclosing(chunks):
                async for chunk in chunks:
                    yield chunk


class _Progress:
    """What one model has delivered of an answer of which `said` was given before."""

    def __init__(self, said: str) -> None:
        self._words = WholeWords()
        self._continuation = Continuation(said)
        self._has_text = False
        self.calls_tools = False

    @property
    def has_begun(self) -> bool:
        return self._has_text or self.calls_tools

    def take(self, chunk: llm.ChatChunk) -> list[llm.ChatChunk | str]:
        parts: list[llm.ChatChunk | str] = []
        text = spoken_text(chunk)
        self._has_text |= bool(text.strip())
        if words := self._continuation.push(self._words.push(text)):
            parts.append(words)
        if chunk.delta is not None and chunk.delta.tool_calls:
            self.calls_tools = True
            parts.append(_without_text(chunk))
        return parts

    def finish(self) -> str:
        """The last words. Raises NothingSaidError where there was neither word nor tool call."""
        if not self.has_begun:
            raise NothingSaidError
        return self._continuation.push(self._words.flush()) + self._continuation.flush()


def says_something(chunk: llm.ChatChunk) -> bool:
    """True for words and tool calls, also those that are being written (`extra`); a chunk that
    holds neither is no sign of life.
    """
    delta = chunk.delta
    has_calls = delta is not None and bool(delta.tool_calls or delta.extra)
    return has_calls or bool(spoken_text(chunk).strip())


async def within_deadlines(
    chunks: AsyncIterable[Chunk],
    is_progress: Callable[[Chunk], bool],
    first_s: float,
    next_s: float,
) -> AsyncGenerator[Chunk, None]:
    """The same chunks; raises TimeoutError when the first that is progress, or a later one, takes
    too long."""
    iterator = aiter(chunks)
    loop = asyncio.get_running_loop()
    due_s = loop.time() + first_s
    try:
        while True:
            try:
                async with asyncio.timeout_at(due_s):
                    chunk = await anext(iterator)
            except StopAsyncIteration:
                return
            yield chunk
            if is_progress(chunk):
                due_s = loop.time() + next_s
    finally:
        if isinstance(iterator, AsyncGenerator):
            await iterator.aclose()


def words_of_caller(context: llm.ChatContext) -> list[str]:
    """What the caller said, message by message, oldest first."""
    return [
        item.text_content or ""
        for item in context.items
        if isinstance(item, llm.ChatMessage) and item.role == "user"
    ]


def insert_passages(context: llm.ChatContext, retrieval: Retrieval) -> None:
    """Puts what was found as the last system message in front of the caller's words; or that the
    documents could not be asked.
    """
    insert_note(context, PASSAGES_AWAY if retrieval.missed else render_passages(retrieval.found))


def insert_note(context: llm.ChatContext, text: str) -> None:
    """Puts a system message in front of the caller's last words."""
    message = _last_user_message(context)
    position = context.items.index(message) if message else len(context.items)
    context.items.insert(position, llm.ChatMessage(role="system", content=[text]))


def spoken_text(chunk: llm.ChatChunk | str) -> str:
    """The words in a chunk of a model's stream."""
    if isinstance(chunk, str):
        return chunk
    return (chunk.delta.content or "") if chunk.delta else ""


def _without_text(chunk: llm.ChatChunk) -> llm.ChatChunk:
    """The tool calls of a chunk; its words go another way."""
    delta = chunk.delta.model_copy(update={"content": None}) if chunk.delta else None
    return chunk.model_copy(update={"delta": delta})


def _last_user_message(context: llm.ChatContext) -> llm.ChatMessage | None:
    for item in reversed(context.items):
        if isinstance(item, llm.ChatMessage) and item.role == "user":
            return item
    return None
