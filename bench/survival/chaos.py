"""Faults of every kind at random moments under callers who go on talking; each call is judged by
its history when it is over.

`python -m bench.survival.chaos [--minutes 5] [--at-once 3] [--seed 1] [--only kill_process …]`. Two hosts.
The clock of the second is ten minutes ahead where libfaketime is found; its journals lie on a disk of
2 MB where one can be mounted, so that it can be full.
"""

import argparse
import asyncio
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.survival.calls import QUESTIONS, Autopsy, Call, in_call, kill, until_dead, write_history
from bench.survival.history import find_faults
from bench.survival.stack import Stack, open_stack, show, skewed_clock
from tests.e2e.caller import Customer
from tests.servers import short_folder

TALK_S = 30.0
PAUSE_S = (6.0, 14.0)
HOSTS = 2
SMALL_DISK = "2m"


@dataclass
class Chaos:
    """The calls under way, and what has been done to them."""

    stack: Stack
    chance: random.Random
    small_disk: Path | None
    calls: dict[str, Call] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    judged: int = 0
    turns: int = 0
    faults: list[str] = field(default_factory=list)

    def note(self) -> None:
        """Whatever a caller reads from now on may be cut short."""
        for call in self.calls.values():
            call.deaths_s.append(time.monotonic())

    def any_host(self) -> int:
        return self.chance.randrange(self.stack.hosts)


async def kill_process(chaos: Chaos) -> None:
    if pids := chaos.stack.call_pids(chaos.any_host()):
        await _kill(chaos, [chaos.chance.choice(pids)])


async def kill_host(chaos: Chaos) -> None:
    await _kill(chaos, chaos.stack.pids_of_host(chaos.any_host()))


async def kill_parent(chaos: Chaos) -> None:
    """Its call processes see to themselves."""
    await _kill(chaos, chaos.stack.pids_of_host(chaos.any_host())[:1])


async def freeze_process(chaos: Chaos) -> None:
    if pids := chaos.stack.call_pids(chaos.any_host()):
        await _freeze([chaos.chance.choice(pids)], chaos.chance.uniform(1, 15))


async def freeze_host(chaos: Chaos) -> None:
    pids = chaos.stack.pids_of_host(chaos.any_host())
    await _freeze(pids, chaos.chance.uniform(1, 15))


async def kill_media(chaos: Chaos) -> None:
    await chaos.stack.restart_media()


async def freeze_media(chaos: Chaos) -> None:
    """As a network that carries nothing, for a few seconds."""
    await _freeze(chaos.stack.pids_named("livekit-server"), chaos.chance.uniform(1, 6))


async def stop_database(chaos: Chaos) -> None:
    await chaos.stack.stop_postgres()
    await asyncio.sleep(chaos.chance.uniform(1, 20))
    await chaos.stack.start_postgres()


async def freeze_database(chaos: Chaos) -> None:
    """It takes connections and answers nothing."""
    await _freeze(chaos.stack.pids_named("postgres"), chaos.chance.uniform(1, 15))


async def fill_disk(chaos: Chaos) -> None:
    if chaos.small_disk is None:
        return
    filling = chaos.small_disk / "full"
    with suppress(OSError), filling.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    await asyncio.sleep(chaos.chance.uniform(3, 12))
    filling.unlink(missing_ok=True)


FAULTS: dict[str, Callable[[Chaos], Awaitable[None]]] = {
    fault.__name__: fault
    for fault in (
        kill_process,
        kill_host,
        kill_parent,
        freeze_process,
        freeze_host,
        kill_media,
        freeze_media,
        stop_database,
        freeze_database,
        fill_disk,
    )
}


async def main(minutes: float, at_once: int, seed: int, names: list[str]) -> None:
    chance = random.Random(seed)
    with short_folder() as folder, _small_disk(folder / "host-1" / "journals") as disk:
        async with (
            open_stack(folder, hosts=HOSTS, env_of_last=skewed_clock()) as stack,
            stack.customer() as customer,
        ):
            chaos = Chaos(stack, chance, disk)
            until_s = time.monotonic() + minutes * 60
            async with asyncio.TaskGroup() as group:
                breaking = group.create_task(_break(chaos, names))
                calling = [
                    group.create_task(_call_until(chaos, customer, until_s)) for _ in range(at_once)
                ]
                await asyncio.wait(calling)
                breaking.cancel()
    for fault in chaos.faults:
        print(fault)
    show(
        {
            "what": "chaos",
            "seed": seed,
            "minutes": minutes,
            "calls": chaos.judged,
            "turns": chaos.turns,
            "done": dict(chaos.done),
            "small_disk": disk is not None,
            "skewed_clock": bool(skewed_clock()),
            "faults": len(chaos.faults),
        }
    )


async def _break(chaos: Chaos, names: list[str]) -> None:
    while True:
        await asyncio.sleep(chaos.chance.uniform(*PAUSE_S))
        name = chaos.chance.choice(names)
        print(f"{time.strftime('%H:%M:%S')} {name}", flush=True)
        chaos.done[name] += 1
        chaos.note()
        await FAULTS[name](chaos)
        chaos.note()


async def _call_until(chaos: Chaos, customer: Customer, until_s: float) -> None:
    while time.monotonic() < until_s:
        try:
            await _one_call(chaos, customer)
        except Exception as error:
            # Nothing was promised to a create while the database or the media server is away.
            print(f"no call: {type(error).__name__}", flush=True)
            await asyncio.sleep(1)


async def _one_call(chaos: Chaos, customer: Customer) -> None:
    async with in_call(customer) as call:
        chaos.calls[call.id] = call
        try:
            await call.hear_one_more(0)
            until_s = time.monotonic() + TALK_S
            while time.monotonic() < until_s and not call.caller.was_put_out.is_set():
                await call.ask(chaos.chance.choice(QUESTIONS))
                await asyncio.sleep(chaos.chance.random())
        finally:
            del chaos.calls[call.id]
    history = await write_history(chaos.stack, call)
    chaos.judged += 1
    chaos.turns += len(history.rows)
    chaos.faults += [f"{call.id}: {fault}" for fault in find_faults(history)]


async def _kill(chaos: Chaos, pids: list[int]) -> None:
    family = {below for pid in pids for below in chaos.stack.pids_below(pid)}
    autopsies = {pid: Autopsy(pid) for pid in family}
    for pid in pids:
        kill(pid, signal.SIGKILL)
    for pid, autopsy in autopsies.items():
        if autopsy.sessions:
            await until_dead(pid)
        for session_id in autopsy.sessions & set(chaos.calls):
            autopsy.write_up(chaos.calls[session_id])
            if chaos.done["fill_disk"]:
                # What found no room in the journal went over the pipe.
                chaos.calls[session_id].closed_epochs.clear()


async def _freeze(pids: list[int], for_s: float) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            kill(pid, signal.SIGSTOP)
    await asyncio.sleep(for_s)
    for pid in pids:
        with suppress(ProcessLookupError):
            kill(pid, signal.SIGCONT)


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path | None]:
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--at-once", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=list(FAULTS), default=list(FAULTS))
    given = parser.parse_args()
    asyncio.run(main(given.minutes, given.at_once, given.seed, given.only))
