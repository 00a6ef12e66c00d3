"""Call processes, or whole hosts, killed at random moments under callers who go on talking.

`python -m bench.survival.processes [--calls 200] [--at-once 4] [--hosts 1]` kills call processes that
have calls; with `--hosts 2` the workers of whole hosts with all below them, and with `--skewed` the
clock of the second is ten minutes ahead (libfaketime). `--restless` kills on without waiting for new
processes. For each call: is every finished turn there once, does it end once, and how long was the
caller without a voice. With `--into FILE` a run can be cut into windows of `--minutes`: the figures
are those of all of them.
"""

import argparse
import asyncio
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.survival.calls import (
    QUESTIONS,
    Autopsy,
    Call,
    in_call,
    kill,
    until_dead,
    write_history,
)
from bench.survival.figures import Record, Seen, spread, summarise
from bench.survival.history import find_faults
from bench.survival.stack import Stack, journals_of, open_stack, show, skewed_clock
from tests.e2e.caller import Customer
from tests.servers import short_folder

WAIT_S = 20.0
TALKATIVE = 0.3
AFTER_DEATH_S = 20.0
RESTLESS_AFTER_DEATH_S = 45.0
KILL_EVERY_S = (0.5, 4.0)


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line."""

    calls: int
    at_once: int
    hosts: int
    seed: int
    minutes: float
    skewed: bool
    restless: bool

    @property
    def what(self) -> str:
        killed = "call processes killed" if self.hosts == 1 else "hosts killed"
        return killed + ", restless" * self.restless + ", one clock ahead" * self.skewed


@dataclass
class Run:
    """What one window has seen so far. No call begins after `until_s`."""

    wish: Wish
    record: Record
    until_s: float
    calls: dict[str, Call] = field(default_factory=dict)
    talked: set[str] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        is_enough = len(self.record.of(self.wish.what)) + len(self.calls) >= self.wish.calls
        return is_enough or time.monotonic() > self.until_s


async def main(wish: Wish, into: Path | None) -> None:
    run = Run(wish, Record(into), time.monotonic() + wish.minutes * 60)
    chance = random.Random(wish.seed)
    with short_folder() as folder:
        skew = skewed_clock() if wish.skewed else {}
        async with (
            open_stack(folder, hosts=wish.hosts, env_of_last=skew) as stack,
            stack.customer() as customer,
        ):
            async with asyncio.TaskGroup() as group:
                killer = group.create_task(_kill_again_and_again(stack, run, chance))
                numbers = iter(range(1_000_000))
                callers = [
                    group.create_task(_call_again_and_again(stack, customer, run, numbers))
                    for _ in range(wish.at_once)
                ]
                await asyncio.wait(callers)
                killer.cancel()
            steps = {
                name: spread(line["took_ms"] / 1000 for line in stack.logged(name))
                for name in ("call_given_on", "room_joined_again")
            }
    show(summarise(wish.what, run.record.of(wish.what)) | {"steps_s": steps})


async def _call_again_and_again(
    stack: Stack, customer: Customer, run: Run, numbers: Iterator[int]
) -> None:
    while not run.is_over:
        number = next(numbers)
        chance = random.Random(f"{run.wish.seed}/{number}")
        try:
            seen = await _one_call(stack, customer, run, chance)
        except Exception as error:
            fault = f"call {number}: {type(error).__name__}: {error}"
            seen = Seen(run.wish.what, 0, None, False, 0, 0, (fault,))
        run.record.add(seen)
        for fault in seen.faults:
            print(fault, flush=True)
        calls = run.record.of(run.wish.what)
        if len(calls) % 10 == 0:
            deaths = sum(one.deaths for one in calls)
            print(f"{len(calls)} calls, {deaths} deaths", flush=True)


async def _one_call(stack: Stack, customer: Customer, run: Run, chance: random.Random) -> Seen:
    """Talks until something has died under it, hears the successor, asks once more, hangs up."""
    silent_s: float | None = None
    faults: list[str] = []
    async with in_call(customer) as call:
        try:
            run.calls[call.id] = call
            await call.hear_one_more(0)
            until_s = time.monotonic() + WAIT_S
            while time.monotonic() < until_s and not call.deaths_s:
                if chance.random() < TALKATIVE:
                    await call.ask(chance.choice(QUESTIONS))
                await asyncio.sleep(chance.random())
            if call.deaths_s:
                silent_s = await _hear_successor(call, run, faults)
            if chance.random() < TALKATIVE:
                await call.ask(chance.choice(QUESTIONS))
        finally:
            del run.calls[call.id]
    history = await write_history(stack, call)
    faults += find_faults(history)
    return Seen(
        what=run.wish.what,
        deaths=len(call.deaths_s),
        silent_s=silent_s if len(call.deaths_s) == 1 else None,
        talked=call.id in run.talked,
        turns=len(history.rows),
        finished=len(history.journaled),
        faults=tuple(f"{call.id}: {fault}" for fault in faults),
    )


async def _hear_successor(call: Call, run: Run, faults: list[str]) -> float | None:
    """How long the caller was alone."""
    died_s = call.deaths_s[0]
    within_s = RESTLESS_AFTER_DEATH_S if run.wish.restless else AFTER_DEATH_S
    try:
        await call.caller.until(lambda _: call.caller.audible_since(died_s) is not None, within_s)
    except TimeoutError:
        faults.append(f"nobody was heard for {within_s:.0f} s")
        return None
    heard_s = call.caller.audible_since(died_s)
    return None if heard_s is None else round(heard_s - died_s, 3)


async def _kill_again_and_again(stack: Stack, run: Run, chance: random.Random) -> None:
    while True:
        await asyncio.sleep(chance.uniform(*KILL_EVERY_S))
        if run.wish.hosts > 1:
            pids = stack.pids_of_host(chance.randrange(run.wish.hosts))
        else:
            busy = [pid for pid in stack.call_pids() if journals_of(pid)]
            pids = [chance.choice(busy)] if busy else []
        await _kill(pids, run)
        if not run.wish.restless:
            await stack.until_ready()


async def _kill(pids: list[int], run: Run) -> None:
    """A host dies as a whole: its parent first, so that it hands nothing over."""
    autopsies = {pid: Autopsy(pid) for pid in pids}
    struck = {one for autopsy in autopsies.values() for one in autopsy.sessions} & set(run.calls)
    run.talked |= {one for one in struck if run.calls[one].caller.is_talking}
    at_s = min((kill(pid, signal.SIGKILL) for pid in pids), default=0.0)
    for session_id in struck:
        run.calls[session_id].deaths_s.append(at_s)
    for pid, autopsy in autopsies.items():
        known = {one: run.calls[one] for one in autopsy.sessions & struck if one in run.calls}
        await until_dead(pid)
        for call in known.values():
            autopsy.write_up(call)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--hosts", type=int, default=1)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--skewed", action="store_true")
    parser.add_argument("--restless", action="store_true")
    parser.add_argument("--into", type=Path)
    given = vars(parser.parse_args())
    into = given.pop("into")
    asyncio.run(main(Wish(**given), into))
