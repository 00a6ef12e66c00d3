"""What a call lives through when a server goes away under it, in moments of speech, thought and
silence. `python -m bench.survival.outages [RUN …] [--calls N]`:

- `media` kills livekit-server in 10 calls, one after the other; it is back a second later;
- `gone` stops it until 2 calls have ended;
- `database` stops PostgreSQL for 60 s under 5 calls at once;
- `freeze` stops a call process for 30 s in 3 calls and lets it go on; `sleep` a whole host of two;
- `drain` drains a worker under 5 calls.
"""

import argparse
import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import httpx2

from bench.survival.calls import QUESTIONS, Call, in_call, kill, write_history
from bench.survival.history import find_faults
from bench.survival.stack import Stack, journals_of, open_stack, show
from tests.e2e.caller import SESSIONS, Customer
from tests.servers import short_folder
from tests.speech.recordings import read_recording

OUTAGE_S = 60.0
FREEZE_S = 30.0
HEAR_WITHIN_S = 40.0
GONE_WITHIN_S = 90.0
MOMENTS = ("speech", "thought", "silence")


async def lose_media(stack: Stack, customer: Customer, calls: int) -> dict[str, object]:
    """Silent is the time from the kill to the agent's next sound."""
    silent_s: list[float] = []
    faults: list[str] = []
    for number in range(calls):
        moment = MOMENTS[number % len(MOMENTS)]
        async with in_call(customer) as call:
            await call.hear_one_more(0)
            await _come_to(moment, call)
            call.deaths_s.append(time.monotonic())
            await stack.restart_media()
            silent_s += await _hear_again(call, faults)
            if not await call.ask(QUESTIONS[number % len(QUESTIONS)]):
                faults.append(f"{call.id}: no answer after {moment}")
        faults += await _judge(stack, call)
        print(f"{moment}: heard after {silent_s[-1:]} s", flush=True)
    return {"what": "media server killed", "calls": calls, **_spread(silent_s), "faults": faults}


async def lose_media_for_good(stack: Stack, customer: Customer, calls: int) -> dict[str, object]:
    """Nothing brings the media server back until the calls have ended for that reason."""
    faults: list[str] = []
    ended_s: list[float] = []
    async with AsyncExitStack() as leaving:
        talking = [await leaving.enter_async_context(in_call(customer)) for _ in range(calls)]
        for call in talking:
            await call.hear_one_more(0)
            call.deaths_s.append(time.monotonic())
        began_s = time.monotonic()
        await stack.stop_media()
        for call in talking:
            await customer.end_of(call.id, GONE_WITHIN_S)
            ended_s.append(round(time.monotonic() - began_s, 1))
        await stack.start_media()
    for call in talking:
        faults += await _judge(stack, call, may_end=frozenset({"media_lost"}))
    return {"what": "media server gone", "calls": calls, "ended_s": ended_s, "faults": faults}


async def lose_database(stack: Stack, customer: Customer, calls: int) -> dict[str, object]:
    """Everybody talks on; the API answers 503 meanwhile."""
    faults: list[str] = []
    answered = 0
    async with AsyncExitStack() as leaving:
        talking = [await leaving.enter_async_context(in_call(customer)) for _ in range(calls)]
        for call in talking:
            await call.hear_one_more(0)
        await stack.stop_postgres()
        until_s = time.monotonic() + OUTAGE_S
        refused_s = await _slowest_refusal_s(customer)
        while time.monotonic() < until_s:
            for call in talking:
                answered += await call.ask(random.choice(QUESTIONS))
        await stack.start_postgres()
        for call in talking:
            if not await call.ask(QUESTIONS[0]):
                faults.append(f"{call.id}: no answer after the outage")
    for call in talking:
        history_faults = await _judge(stack, call, epoch=1)
        faults += history_faults
    return {
        "what": "database away",
        "calls": calls,
        "away_s": OUTAGE_S,
        "answers_meanwhile": answered,
        "slowest_503_s": refused_s,
        "faults": faults,
    }


async def freeze_process(stack: Stack, customer: Customer, calls: int) -> dict[str, object]:
    """The process that runs the call stands still, and comes back when its call has long moved."""
    return await _stand_still(stack, customer, calls, lambda call: _process_of(stack, call))


async def freeze_host(stack: Stack, customer: Customer, calls: int) -> dict[str, object]:
    """As `freeze_process`, with a whole host."""
    return await _stand_still(stack, customer, calls, lambda call: _host_of(stack, call))


async def drain(stack: Stack, customer: Customer, calls: int) -> dict[str, object]:
    """A worker is told to stop under its calls: each goes on to its own end, no other begins."""
    faults: list[str] = []
    async with AsyncExitStack() as leaving:
        talking = [await leaving.enter_async_context(in_call(customer)) for _ in range(calls)]
        for call in talking:
            await call.hear_one_more(0)
        worker = stack.worker_pid()
        assert worker is not None
        kill(worker, signal.SIGTERM)
        while (await customer.client.post(SESSIONS, json={})).status_code != 503:
            await asyncio.sleep(0.1)
        for call in talking:
            if not await call.ask(random.choice(QUESTIONS)):
                faults.append(f"{call.id}: no answer while draining")
    for call in talking:
        faults += await _judge(stack, call, epoch=1)
    return {"what": "worker drained", "calls": calls, "faults": faults}


async def _stand_still(
    stack: Stack, customer: Customer, calls: int, find: Callable[[Call], list[int]]
) -> dict[str, object]:
    silent_s: list[float] = []
    faults: list[str] = []
    for number in range(calls):
        async with in_call(customer) as call:
            await call.hear_one_more(0)
            await _come_to(MOMENTS[number % len(MOMENTS)], call)
            pids = find(call)
            call.deaths_s.append(time.monotonic())
            for pid in pids:
                kill(pid, signal.SIGSTOP)
            thawing = asyncio.create_task(_thaw(pids))
            silent_s += await _hear_again(call, faults)
            await thawing
            if not await call.ask(QUESTIONS[0]):
                faults.append(f"{call.id}: no answer after the thaw")
        faults += await _judge(stack, call)
        await stack.until_ready()
    return {"what": "stood still", "calls": calls, **_spread(silent_s), "faults": faults}


async def _thaw(pids: list[int]) -> None:
    await asyncio.sleep(FREEZE_S)
    for pid in pids:
        try:
            kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            continue


def _process_of(stack: Stack, call: Call) -> list[int]:

    return [pid for pid in stack.call_pids() if call.id in journals_of(pid)]


def _host_of(stack: Stack, call: Call) -> list[int]:

    for host in range(stack.hosts):
        pids = stack.pids_of_host(host)
        if any(call.id in journals_of(pid) for pid in pids):
            return pids
    return []


async def _come_to(moment: str, call: Call) -> None:
    """To the middle of an answer, to the wait for one, or to where nobody speaks."""
    if moment == "silence":
        await call.ask(QUESTIONS[0])
        await asyncio.sleep(1.0)
        return
    before_s = time.monotonic()
    await call.caller.say(read_recording(QUESTIONS[0].path))
    if moment == "speech":
        spoken_s = call.caller.end_s
        try:
            await call.caller.until(
                lambda one: one.first_heard_after(max(before_s, spoken_s)) is not None, 10
            )
        except TimeoutError:
            return
        await asyncio.sleep(0.3)


async def _hear_again(call: Call, faults: list[str]) -> list[float]:
    died_s = call.deaths_s[-1]
    try:
        await call.caller.until(
            lambda _: (
                call.caller.audible_since(died_s + 0.5) is not None
                or call.caller.was_put_out.is_set()
            ),
            HEAR_WITHIN_S,
        )
    except TimeoutError:
        faults.append(f"{call.id}: nobody was heard again")
        return []
    heard_s = call.caller.audible_since(died_s + 0.5)
    if heard_s is None:
        faults.append(f"{call.id}: the caller was put out")
        return []
    return [round(heard_s - died_s, 2)]


async def _slowest_refusal_s(customer: Customer) -> float:
    slowest_s = 0.0
    for _ in range(5):
        began_s = time.monotonic()
        answer = await customer.client.get("/v1/bots")
        slowest_s = max(slowest_s, time.monotonic() - began_s)
        if answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
            return -1.0
    return round(slowest_s, 2)


async def _judge(
    stack: Stack,
    call: Call,
    epoch: int | None = None,
    may_end: frozenset[str] = frozenset({"user_left"}),
) -> list[str]:
    history = await write_history(stack, call, may_end)
    faults = [f"{call.id}: {fault}" for fault in find_faults(history)]
    if epoch is not None and history.epoch != epoch:
        faults.append(f"{call.id}: taken over, epoch {history.epoch}")
    return faults


def _spread(silent_s: list[float]) -> dict[str, object]:
    return {
        "heard_again": len(silent_s),
        "silent_s": sorted(silent_s),
    }


RUNS: dict[str, tuple[Callable[[Stack, Customer, int], Awaitable[dict[str, object]]], int, int]] = {
    "media": (lose_media, 10, 1),
    "gone": (lose_media_for_good, 2, 1),
    "database": (lose_database, 5, 1),
    "freeze": (freeze_process, 3, 1),
    "sleep": (freeze_host, 3, 2),
    "drain": (drain, 5, 1),
}


async def main(names: list[str], calls: int | None) -> None:
    for name in names:
        run, usual, hosts = RUNS[name]
        with short_folder() as folder:
            async with open_stack(folder, hosts=hosts) as stack, stack.customer() as customer:
                show(await run(stack, customer, calls or usual))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", nargs="*", choices=list(RUNS), default=list(RUNS))
    parser.add_argument("--calls", type=int)
    given = parser.parse_args()
    asyncio.run(main(given.runs, given.calls))
