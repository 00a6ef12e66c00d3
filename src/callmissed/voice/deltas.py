"""Streams that are waited for, but not for ever."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from contextlib import aclosing
from typing import TypeVar

Item = TypeVar("Item")


async def watched(
    items: AsyncIterable[Item], wait_s: Callable[[], float | None]
) -> AsyncGenerator[Item | None, None]:
    """The same items; None each time when none came for `wait_s()` seconds, which is asked before
    every item (None: for as long as it takes, and that costs nothing).
    """
    iterator = aiter(items)
    coming: asyncio.Future[Item | None] | None = None
    try:
        while True:
            timeout_s = wait_s()
            if coming is None and timeout_s is None:
                item = await next_of(iterator)
            else:
                coming = coming or asyncio.ensure_future(next_of(iterator))
                await asyncio.wait([coming], timeout=timeout_s)
                if not coming.done():
                    yield None
                    continue
                item, coming = coming.result(), None
            if item is None:
                return
            yield item
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.wait([coming])
        if isinstance(iterator, AsyncGenerator):
            await iterator.aclose()


async def hurried(
    text: AsyncIterable[str], after_s: float, is_late: Callable[[], bool] = lambda: False
) -> AsyncGenerator[str | None, None]:
    """The same words; None, once, `after_s` after the first of them, where it is not too late for
    that.
    """
    loop = asyncio.get_running_loop()
    due_s: float | None = None

    def wait_s() -> float | None:
        return None if due_s is None or is_late() else max(0.0, due_s - loop.time())

    has_begun = False
    async with aclosing(watched(text, wait_s)) as all_words:
        async for words in all_words:
            if words is None:
                due_s = None
            elif not has_begun and words.strip():
                has_begun, due_s = True, loop.time() + after_s
            yield words


async def next_of(iterator: AsyncIterator[Item]) -> Item | None:
    """None at the end."""
    try:
        return await anext(iterator)
    except StopAsyncIteration:
        return None
