"""A call process: runs the calls that its parent starts in it, and dies with its parent.

It leaves Ctrl-C to the parent: a call ends because the parent says so, or because the parent is
gone.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import uvloop

from callmissed.domain.calls import CallOrder, OrderKind
from callmissed.kit.heap import settle_heap
from callmissed.kit.loop_lag import LagMeter
from callmissed.providers import Warm
from callmissed.runtime.library import Library
from callmissed.runtime.settings import load_settings
from callmissed.runtime.wire import Beat, Drain, End, Overtaken, Ready, Start
from callmissed.worker.calls import Calls, RunCall
from callmissed.worker.pipes import ParentPipes, open_parent_pipes

BEAT_EVERY_S = 0.5
LAST_WORDS_S = 6.0
# By then another host has long had every reason to take the calls over. A shorter standstill is told
# from a takeover by the room, which puts the older run out, and by the parent's next beat.
STOOD_STILL_S = 8.0

OpenWarm = Callable[[], AbstractAsyncContextManager[Warm]]


def main(run_call: RunCall | None = None, open_warm: OpenWarm | None = None) -> None:
    """Obeys what comes on the standard input until that ends; see `runtime.wire`.

    Returns when no call runs any more. `run_call` and `open_warm` are those of the product unless
    others are given.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    uvloop.run(_serve(run_call, open_warm or open_providers))


@asynccontextmanager
async def open_providers() -> AsyncIterator[Warm]:
    """The local engines, warm; a customer's URL leads where the settings allow."""
    warm = Warm(allowed=load_settings().outbound_allow)
    await warm.open()
    try:
        yield warm
    finally:
        await warm.aclose()


@asynccontextmanager
async def open_library(run_call: RunCall | None, warm: Warm) -> AsyncIterator[Library | None]:
    """None for calls that are not those of the product. Nothing is connected before a call asks."""
    if run_call is not None:
        yield None
        return
    library = Library(load_settings().database_url, lambda: warm.connections)
    try:
        yield library
    finally:
        await library.aclose()


def _real_call() -> RunCall:
    """Imported when it is needed: the engines below it take a second."""
    from callmissed.runtime.calls import open_calls

    return open_calls(load_settings().sentence_cache_mb)


async def _serve(run_call: RunCall | None, open_warm: OpenWarm) -> None:
    pipes = await open_parent_pipes()
    async with (
        open_warm() as warm,
        open_library(run_call, warm) as library,
        asyncio.TaskGroup() as group,
    ):
        calls = Calls(group, run_call or _real_call(), warm, pipes.say, library)
        lag = LagMeter(STOOD_STILL_S, calls.overtake_all)
        settle_heap()
        background = [
            group.create_task(lag.run()),
            group.create_task(_beat(pipes, calls, lag, warm)),
        ]
        pipes.say(Ready())
        await _obey(pipes, calls)
        for task in background:
            task.cancel()
    pipes.close()


async def _beat(pipes: ParentPipes, calls: Calls, lag: LagMeter, warm: Warm) -> None:
    while True:
        await asyncio.sleep(BEAT_EVERY_S)
        pipes.say(Beat(len(calls), lag.take_ms(), warm.count_breakers()))


async def _obey(pipes: ParentPipes, calls: Calls) -> None:
    """Returns with no call running: after a drain, a SIGTERM, or when the parent is gone."""
    terminated = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminated.set)
    reading = asyncio.create_task(_read(pipes, calls))
    stopping = asyncio.create_task(terminated.wait())
    draining = asyncio.create_task(calls.drained.wait())
    try:
        await asyncio.wait((reading, stopping, draining), return_when=asyncio.FIRST_COMPLETED)
        if stopping.done():
            await calls.end_all(LAST_WORDS_S)
        if reading.done():
            reading.result()
    finally:
        await calls.abandon_all()
        for task in (reading, stopping, draining):
            task.cancel()


async def _read(pipes: ParentPipes, calls: Calls) -> None:
    async for message in pipes.messages():
        match message:
            case Start():
                calls.start(message)
            case End():
                calls.order(message.session_id, _order_of(message))
            case Overtaken(session_id=session_id):
                calls.overtake(session_id)
            case Drain():
                calls.drain()


def _order_of(message: End) -> CallOrder:
    return CallOrder(
        OrderKind.END, message.reason, with_goodbye=message.with_goodbye, detail=message.detail
    )
