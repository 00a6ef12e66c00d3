"""Whatever takes longer than two seconds says what it is doing, and for how long."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

SILENT_S = 2.0
EVERY_S = 5.0

Say = Callable[[str], None]


@asynccontextmanager
async def told(say: Say, what: str) -> AsyncIterator[None]:
    """`what` is said when the block takes longer than `SILENT_S`, then with the seconds passed."""
    telling = asyncio.create_task(_tell(say, what))
    try:
        yield
    finally:
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await telling


async def _tell(say: Say, what: str) -> None:
    began_s = time.monotonic()
    await asyncio.sleep(SILENT_S)
    say(f"{what} ...")
    while True:
        await asyncio.sleep(EVERY_S)
        say(f"{what} ... ({time.monotonic() - began_s:.0f} s)")
