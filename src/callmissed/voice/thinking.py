"""Asks the language model for an answer, with what the documents say, within deadlines."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from typing import TypeVar

from livekit.agents import llm

from callmissed.domain.knowledge import Retrieval
from callmissed.domain.prompts import render_passages

FIRST_TOKEN_TIMEOUT_S = 6.0
NEXT_TOKEN_TIMEOUT_S = 4.0

Chunk = TypeVar("Chunk")


class NothingSaidError(Exception):
    """The model ended without a word."""


async def within_deadlines(
    chunks: AsyncIterable[Chunk],
    first_s: float = FIRST_TOKEN_TIMEOUT_S,
    next_s: float = NEXT_TOKEN_TIMEOUT_S,
) -> AsyncGenerator[Chunk, None]:
    """The same chunks; raises TimeoutError when the first, or a later one, takes too long."""
    iterator = aiter(chunks)
    limit_s = first_s
    try:
        while True:
            try:
                async with asyncio.timeout(limit_s):
                    chunk = await anext(iterator)
            except StopAsyncIteration:
                return
            yield chunk
            limit_s = next_s
    finally:
        if isinstance(iterator, AsyncGenerator):
            await iterator.aclose()


def last_words_of_caller(context: llm.ChatContext) -> str:
    """The newest message of the caller; empty when they said nothing yet."""
    message = _last_user_message(context)
    return (message.text_content or "") if message else ""


def insert_passages(context: llm.ChatContext, retrieval: Retrieval) -> None:
    """Puts what was found as the last system message in front of the caller's words."""
    message = _last_user_message(context)
    position = context.items.index(message) if message else len(context.items)
    text = render_passages(retrieval.found)
    context.items.insert(position, llm.ChatMessage(role="system", content=[text]))


def spoken_text(chunk: object) -> str:
    """The words in a chunk of a model's stream."""
    if isinstance(chunk, str):
        return chunk
    if isinstance(chunk, llm.ChatChunk) and chunk.delta and chunk.delta.content:
        return chunk.delta.content
    return ""


def _last_user_message(context: llm.ChatContext) -> llm.ChatMessage | None:
    for item in reversed(context.items):
        if isinstance(item, llm.ChatMessage) and item.role == "user":
            return item
    return None
