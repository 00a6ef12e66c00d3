"""Doing something again and again, whatever goes wrong in between."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger("callmissed.worker.rounds")


@dataclass(frozen=True, slots=True)
class Bells:
    """What makes a worker claim, tell its free slots, or see to lost calls before the next round."""

    claim: asyncio.Event = field(default_factory=asyncio.Event)
    beat: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)


async def repeat(
    step: Callable[[], Awaitable[object]], every_s: float, wake: asyncio.Event
) -> None:
    """Does `step` every `every_s`, and at once when `wake` is set; what it raises is logged. Never
    returns.
    """
    failing = ""
    while True:
        wake.clear()
        try:
            await step()
            failing = ""
        except Exception as error:
            if failing != (failing := type(error).__name__):
                log.warning("round_failed", step=step.__name__, exc_info=error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(wake.wait(), every_s)
