"""Calls that must end although nobody ends them. Takes about three minutes.

`python -m bench.first_call.deadlines` prints how each ended and after how many seconds: a session
that nobody joins (120 s), one that talks beyond its `max_duration_seconds` (30 s), and a call whose
worker is frozen in the middle of it.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.caller import Customer, calling, hear_greeting, open_customer
from tests.e2e.processes import worker_processes
from tests.servers import running_installation, short_folder

SHORTEST_CALL_S = 30
LONGEST_WAIT_S = 180.0


async def main() -> None:
    with short_folder() as folder, running_installation(folder) as installation:
        async with open_customer(installation) as customer:
            async with asyncio.TaskGroup() as group:
                group.create_task(_never_join(customer))
                group.create_task(_talk_too_long(customer))
            await _lose_the_worker(customer, installation.process.pid)


async def _never_join(customer: Customer) -> None:
    began_s = time.monotonic()
    session = await customer.open_session()
    await _show_end(customer, "nobody joined", session["id"], began_s)


async def _talk_too_long(customer: Customer) -> None:
    session = await customer.open_session(max_duration_seconds=SHORTEST_CALL_S)
    async with calling(session) as caller:
        await hear_greeting(caller)
        await customer.until(session["id"], lambda one: one["status"] == "active")
        await _show_end(customer, "talked too long", session["id"], time.monotonic())


async def _lose_the_worker(customer: Customer, up_pid: int) -> None:
    session = await customer.open_session(max_duration_seconds=SHORTEST_CALL_S)
    async with calling(session) as caller:
        await hear_greeting(caller)
        await customer.until(session["id"], lambda one: one["status"] == "active")
        with _frozen(worker_processes(up_pid)):
            await _show_end(customer, "worker frozen", session["id"], time.monotonic())


async def _show_end(customer: Customer, what: str, session_id: str, began_s: float) -> None:
    ended = await customer.end_of(session_id, LONGEST_WAIT_S)
    print(
        f"{what}: {ended['status']}, {ended['end_reason']}, seen after "
        f"{time.monotonic() - began_s:.1f} s, duration_seconds {ended['duration_seconds']}",
        flush=True,
    )


@contextmanager
def _frozen(pids: list[int]) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


if __name__ == "__main__":
    asyncio.run(main())
