"""Child processes: their order, their end, their return."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from callmissed.runtime.children import Command
from callmissed.runtime.faults import StartError
from callmissed.runtime.supervisor import Child, Supervisor
from tests.runtime.lines import Lines
from tests.runtime.processes import is_gone_in_time

LIVES = "import os, signal; print('pid', os.getpid(), flush=True); signal.pause()"
SAYS_BYE = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print("bye", flush=True), sys.exit(0)))
print("up", flush=True)
signal.pause()
"""
IGNORES_SIGNALS = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("pid", os.getpid(), flush=True)
while True:
    signal.pause()
"""


async def never() -> None:
    await asyncio.Event().wait()


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest_asyncio.fixture
async def supervisor(lines: Lines) -> AsyncIterator[Supervisor]:
    async with Supervisor(lines) as made:
        yield made


def python(name: str, code: str) -> Child:
    return Child(name, Command([sys.executable, "-c", code]), stop=((signal.SIGTERM, 20),))


async def pid_said(lines: Lines) -> int:
    return int((await lines.next("pid")).split()[1])


async def test_a_dead_child_is_started_again(supervisor: Supervisor, lines: Lines) -> None:
    await supervisor.start(python("api", LIVES))
    supervisor.keep_alive()
    first = await pid_said(lines)
    os.kill(first, signal.SIGKILL)
    assert "SIGKILL" in await lines.next("ended")
    assert await pid_said(lines) != first


async def test_children_stop_in_reverse_order(supervisor: Supervisor, lines: Lines) -> None:
    for name in ("first", "second", "third"):
        await supervisor.start(python(name, SAYS_BYE))
        await lines.next("up")
    await supervisor.stop()
    byes = [name for name, line in lines.all if line == "bye"]
    assert byes == ["third", "second", "first"]


async def test_a_child_that_ends_during_the_start_is_a_fault_with_its_last_line(
    supervisor: Supervisor,
) -> None:
    await supervisor.start(python("api", "print('the reason'); raise SystemExit(3)"))
    with pytest.raises(StartError) as caught:
        await asyncio.wait_for(supervisor.failed, 30)
    assert "exit code 3" in str(caught.value)
    assert "the reason" in str(caught.value)


async def test_a_child_that_ends_before_it_answers_is_a_fault(supervisor: Supervisor) -> None:
    code = "raise SystemExit('no disk')"
    child = Child("db", Command([sys.executable, "-c", code]), ready=never)
    with pytest.raises(StartError, match="no disk"):
        await supervisor.start(child)


async def test_a_child_that_does_not_answer_in_time_is_killed(
    supervisor: Supervisor, lines: Lines
) -> None:
    command = Command([sys.executable, "-c", LIVES])
    with pytest.raises(StartError, match="did not answer"):
        await supervisor.start(Child("db", command, ready=never, ready_within_s=3))
    assert is_gone_in_time(await pid_said(lines))


async def test_a_program_that_is_not_there_is_a_fault(supervisor: Supervisor) -> None:
    with pytest.raises(StartError, match="cannot be started"):
        await supervisor.start(Child("db", Command(["/nowhere/program"])))


async def test_a_hurried_stop_kills_what_does_not_listen(
    supervisor: Supervisor, lines: Lines
) -> None:
    await supervisor.start(python("deaf", IGNORES_SIGNALS))
    pid = await pid_said(lines)
    stopping = asyncio.create_task(supervisor.stop())
    supervisor.hurry()
    await asyncio.wait_for(stopping, 10)
    assert is_gone_in_time(pid)


async def test_what_runs_ahead_of_a_start_runs_ahead_of_each(
    supervisor: Supervisor, lines: Lines
) -> None:
    starts: list[str] = []

    async def note() -> None:
        starts.append("start")

    command = Command([sys.executable, "-c", LIVES])
    await supervisor.start(Child("db", command, before=note))
    supervisor.keep_alive()
    os.kill(await pid_said(lines), signal.SIGKILL)
    await pid_said(lines)
    assert starts == ["start", "start"]


PARENT = """
import asyncio, sys
from callmissed.runtime.children import Command, spawn

async def main():
    child = await spawn(Command([sys.executable, "-c", sys.argv[1]]))
    print((await child.stdout.readline()).decode(), flush=True)
    await child.wait()

asyncio.run(main())
"""
OWNER = """
import asyncio, sys
from callmissed.runtime.children import Command
from callmissed.runtime.supervisor import Child, Supervisor

def show(name, line):
    print(line, flush=True)

async def main():
    async with Supervisor(show) as supervisor:
        argv = [sys.executable, "-c", *sys.argv[1:]]
        await supervisor.start(Child("parent", Command(argv)))
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_nothing_outlives_an_owner_that_is_killed() -> None:
    argv = [sys.executable, "-c", OWNER, PARENT, IGNORES_SIGNALS]
    owner = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    grandchild = int(owner.stdout.readline().split()[1])
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert is_gone_in_time(grandchild)
