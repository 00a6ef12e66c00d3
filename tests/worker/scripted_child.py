"""A call process whose calls follow a script: the system prompt says, word by word, what to do.
Parts between bars are for the runs of a call, one after the other; the last is for all further ones.

`say` finishes a turn, `arrive` notes the caller, `wait` waits for an order, `raise` and `exit` fail
as calls and processes do, `freeze` blocks the event loop, `stubborn` ignores orders, `print` writes
to the standard output.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from callmissed.domain.calls import (
    CallDesk,
    CallEnded,
    CallerArrived,
    CallOrders,
    CallPlan,
    CallSink,
    OrderKind,
    OvertakenError,
    TurnFinished,
)
from callmissed.domain.sessions import EndReason
from callmissed.domain.turns import Turn
from callmissed.kit.clock import utc_now
from callmissed.providers import Warm
from callmissed.worker.child import main


async def run_script(
    plan: CallPlan, desk: CallDesk, sink: CallSink, orders: CallOrders, warm: Warm
) -> None:
    terms = await plan.terms()
    parts = terms.system_prompt.split("|")
    turns = len(terms.history)
    reason = EndReason.USER_LEFT
    for word in parts[min(terms.epoch, len(parts)) - 1].split():
        match word:
            case "arrive":
                sink.put(CallerArrived())
            case "say":
                sink.put(TurnFinished(scripted_turn(turns)))
                turns += 1
            case "wait":
                reason = await next_end(orders)
            case "print":
                print("this is no message", flush=True)
            case "overtaken":
                raise OvertakenError
            case "raise":
                raise RuntimeError("the script says so")
            case "exit":
                os._exit(3)
            case "freeze":
                time.sleep(3600)
            case "stubborn":
                await asyncio.Event().wait()
    sink.put(CallEnded(reason, caller_audio_s=1.5, agent_audio_s=2.5))


def scripted_turn(index: int) -> Turn:
    return Turn(
        user_transcript=f"question {index}",
        agent_response=f"answer {index}",
        interrupted=False,
        llm_model="local/answerer",
        language="en-IN",
        created_at=utc_now(),
        offset_ms=index * 1000,
        duration_ms=900,
    )


async def next_end(orders: CallOrders) -> EndReason:
    async for order in orders:
        if order.kind is OrderKind.END:
            return order.reason or EndReason.ERROR
    return EndReason.ERROR


@asynccontextmanager
async def nothing_warm() -> AsyncIterator[Warm]:
    yield Warm()


if __name__ == "__main__":
    main(run_call=run_script, open_warm=nothing_warm)
