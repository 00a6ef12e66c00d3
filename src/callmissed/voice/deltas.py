"""Streams that are waited for, but not for ever."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import TypeVar

Item = TypeVar("Item")


async def hurried(text: AsyncIterable[str], after_s: float) -> AsyncGenerator[str | None, None]:
    """The same words; None, once, `after_s` after the first of them."""
    iterator = aiter(text)
    loop = asyncio.get_running_loop()
    due_s: float | None = None
    was_told = False
    coming = asyncio.ensure_future(next_of(iterator))
    try:
        while True:
            waits_s = None if due_s is None or was_told else max(0.0, due_s - loop.time())
            await asyncio.wait([coming], timeout=waits_s)
            if not coming.done():
                was_told = True
                yield None
                continue
            words = coming.result()
            if words is None:
                return
            if due_s is None and words.strip():
                due_s = loop.time() + after_s
            coming = asyncio.ensure_future(next_of(iterator))
            yield words
    finally:
        coming.cancel()
        await asyncio.wait([coming])
        if isinstance(iterator, AsyncGenerator):
            await iterator.aclose()


async def next_of(iterator: AsyncIterator[Item]) -> Item | None:
    """None at the end."""
    try:
        return await anext(iterator)
    except StopAsyncIteration:
        return None
