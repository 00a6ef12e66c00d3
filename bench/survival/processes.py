"""Call processes, or whole hosts, killed at random moments under callers who go on talking.

`python -m bench.survival.processes [--calls 200] [--at-once 4] [--hosts 1]` kills call processes; with
`--hosts 2` the workers of whole hosts with all below them. For each call: is every finished turn
there once, does it end once, and how long was the caller without a voice.
"""

import argparse
import asyncio
import random
import signal
import statistics
import time
from dataclasses import dataclass, field

from bench.survival.calls import (
    QUESTIONS,
    Autopsy,
    Call,
    in_call,
    kill,
    until_dead,
    write_history,
)
from bench.survival.history import find_faults
from bench.survival.stack import Stack, open_stack, show
from tests.e2e.caller import Customer
from tests.servers import short_folder

WAIT_S = 20.0
TALKATIVE = 0.3
AFTER_DEATH_S = 20.0
KILL_EVERY_S = (0.5, 4.0)


@dataclass
class Run:
    """What one run has seen so far. No call begins after `until_s`."""

    until_s: float

    calls: dict[str, Call] = field(default_factory=dict)
    silent_s: list[float] = field(default_factory=list)
    unheard: int = 0
    deaths: int = 0
    done: int = 0
    turns: int = 0
    journaled: int = 0
    faults: list[str] = field(default_factory=list)


async def main(calls: int, at_once: int, hosts: int, seed: int, minutes: float) -> None:
    chance = random.Random(seed)
    run = Run(time.monotonic() + minutes * 60)
    began_s = time.monotonic()
    with short_folder() as folder:
        async with open_stack(folder, hosts=hosts) as stack, stack.customer() as customer:
            waiting = asyncio.Queue[int]()
            for number in range(calls):
                waiting.put_nowait(number)
            async with asyncio.TaskGroup() as group:
                killer = group.create_task(_kill_again_and_again(stack, run, chance, hosts))
                callers = [
                    group.create_task(_call_until_empty(stack, customer, waiting, run, seed))
                    for _ in range(at_once)
                ]
                await asyncio.wait(callers)
                killer.cancel()
    for fault in run.faults:
        print(fault)
    show(_figures(run, hosts, time.monotonic() - began_s))


async def _call_until_empty(
    stack: Stack, customer: Customer, waiting: "asyncio.Queue[int]", run: Run, seed: int
) -> None:
    while not waiting.empty() and time.monotonic() < run.until_s:
        number = waiting.get_nowait()
        chance = random.Random(f"{seed}/{number}")
        try:
            await _one_call(stack, customer, run, chance)
        except Exception as error:
            run.faults.append(f"call {number}: {type(error).__name__}: {error}")
        run.done += 1
        if run.done % 10 == 0:
            print(f"{run.done} calls, {run.deaths} deaths, {len(run.faults)} faults", flush=True)


async def _one_call(stack: Stack, customer: Customer, run: Run, chance: random.Random) -> None:
    """Talks until something has died under it, hears the successor, asks once more, hangs up."""
    async with in_call(customer) as call:
        run.calls[call.id] = call
        await call.hear_one_more(0)
        until_s = time.monotonic() + WAIT_S
        while time.monotonic() < until_s and not call.deaths_s:
            if chance.random() < TALKATIVE:
                await call.ask(chance.choice(QUESTIONS))
            await asyncio.sleep(chance.random())
        if call.deaths_s:
            await _hear_successor(call, run)
        if chance.random() < TALKATIVE:
            await call.ask(chance.choice(QUESTIONS))
        del run.calls[call.id]
    history = await write_history(stack, call)
    run.turns += len(history.rows)
    run.journaled += len(history.journaled)
    run.faults += [f"{call.id}: {fault}" for fault in find_faults(history)]


async def _hear_successor(call: Call, run: Run) -> None:
    died_s = call.deaths_s[0]
    try:
        await call.caller.until(
            lambda one: call.caller.audible_since(died_s) is not None, AFTER_DEATH_S
        )
    except TimeoutError:
        run.unheard += 1
        run.faults.append(f"{call.id}: nobody was heard for {AFTER_DEATH_S:.0f} s")
        return
    if len(call.deaths_s) == 1:
        heard_s = call.caller.audible_since(died_s)
        assert heard_s is not None
        run.silent_s.append(heard_s - died_s)


async def _kill_again_and_again(stack: Stack, run: Run, chance: random.Random, hosts: int) -> None:
    while True:
        await asyncio.sleep(chance.uniform(*KILL_EVERY_S))
        host = chance.randrange(hosts)
        pids = stack.pids_of_host(host) if hosts > 1 else stack.call_pids()
        if hosts == 1 and pids:
            pids = [chance.choice(pids)]
        await _kill(pids, run)
        await stack.until_ready()


async def _kill(pids: list[int], run: Run) -> None:
    """A host dies as a whole: its parent first, so that it hands nothing over."""
    autopsies = {pid: Autopsy(pid) for pid in pids}
    struck = {one for autopsy in autopsies.values() for one in autopsy.sessions} & set(run.calls)
    at_s = min((kill(pid, signal.SIGKILL) for pid in pids), default=0.0)
    for session_id in struck:
        run.calls[session_id].deaths_s.append(at_s)
    run.deaths += len(struck)
    for pid, autopsy in autopsies.items():
        known = {one: run.calls[one] for one in autopsy.sessions & struck}
        await until_dead(pid)
        for call in known.values():
            autopsy.write_up(call)


def _figures(run: Run, hosts: int, took_s: float) -> dict[str, object]:
    cuts = statistics.quantiles(run.silent_s, n=20) if len(run.silent_s) > 1 else [0.0] * 19
    return {
        "what": "call processes killed" if hosts == 1 else "hosts killed",
        "calls": run.done,
        "deaths_under_calls": run.deaths,
        "successors_heard": len(run.silent_s),
        "never_heard": run.unheard,
        "silent_s_p50": round(cuts[9], 2),
        "silent_s_p95": round(cuts[18], 2),
        "silent_s_max": round(max(run.silent_s, default=0.0), 2),
        "turns": run.turns,
        "finished_before_a_death": run.journaled,
        "faults": len(run.faults),
        "took_s": round(took_s),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--hosts", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0)
    given = parser.parse_args()
    asyncio.run(main(given.calls, given.at_once, given.hosts, given.seed, given.minutes))
