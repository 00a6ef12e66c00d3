"""One measurement in rooms: a media server and light callers on the first core, the calls of one
stack on the last.

What is measured is what a caller has: from the sending of the last packet of a question to the
arrival of the first packet of the answer. No jitter buffer is on the way to the caller's clock.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.loop.contract import (
    FRAME_S,
    IN_HZ,
    NOISE,
    PERIOD_S,
    SPEECH,
    SPEECH_S,
    now_s,
    sleep_until,
)
from bench.loop.running import busy_s
from bench.rooms.callers import Burst, Callers, Plan, running_callers
from bench.rooms.sounds import write_packets
from callmissed.kit.clock import utc_now
from callmissed.providers.livekit_server import Rooms
from callmissed.runtime.children import Command, spawn
from callmissed.runtime.embedded.livekit import MediaServer, livekit_child, write_config
from callmissed.runtime.embedded.livekit_program import provide_program
from callmissed.runtime.embedded.ports import free_ports
from callmissed.runtime.supervisor import Supervisor
from tests.e2e.processes import children_of, command_of

KEY, SECRET = "bench", "secret-of-the-livekit-server-of-the-benches"
SEED = 42
FLOOR_MS = 400.0
BEGIN_IN_S = 1.5
SETTLE_S = 1.5
FIRST_LASTS_S = 2.0
TOKEN_LASTS = timedelta(hours=2)
ANSWER_WITHIN_S = 900.0


class AgentProcess:
    """The process that holds the calls; see `bench.rooms.seats`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    async def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Its answer; other lines are shown. Raises ConnectionError when it ends before."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        while line := await asyncio.wait_for(self._process.stdout.readline(), ANSWER_WITHIN_S):
            if line.startswith(b"{"):
                return dict(json.loads(line))
            print(line.decode(errors="replace").rstrip(), file=sys.stderr)
        raise ConnectionError("the process of the calls ended")


async def measure(stack: str, options: Sequence[str], calls: int, turns: int) -> dict[str, Any]:
    """What `bench.loop.running.Seen` holds, and what a room adds to it."""
    random.seed(SEED)
    with tempfile.TemporaryDirectory(prefix="bench-rooms-") as made:
        folder = Path(made)
        sounds = write_sounds(folder)
        async with (
            _running_server(folder) as server,
            running_callers(server.url, *sounds) as callers,
            _running_agent(stack, options) as agent,
        ):
            rooms = Rooms(server.url, KEY, SECRET)
            try:
                async with running_callers(server.url, *sounds) as first:
                    at_rest = await _open_and_close(rooms, server.url, agent, first)
                names = [f"bench-{index}" for index in range(calls)]
                opened = await _open_rooms(rooms, server.url, names, agent, callers)
            finally:
                await rooms.aclose()
            seen = await _talk(agent, callers, calls, turns)
            left = (await agent.ask({"close": True}))["left"]
    return {
        "stack": " ".join((stack, *options)),
        "sessions": calls,
        "start_ms": opened["open_ms"],
        "rss_mb_before": opened["rss_mb"],
        "left": {name: count - at_rest[name] for name, count in left.items()},
        **seen,
    }


def write_sounds(folder: Path) -> tuple[Path, Path]:
    """The question and what lies between two, as packets."""
    write_packets(folder / "speech", SPEECH, IN_HZ)
    write_packets(folder / "silence", NOISE, IN_HZ)
    return folder / "speech", folder / "silence"


async def _open_and_close(
    rooms: Rooms, url: str, agent: AgentProcess, callers: Callers
) -> dict[str, int]:
    """One call, so that what a process makes once is made; what is there after it."""
    await _open_rooms(rooms, url, ["bench-first"], agent, callers)
    await callers.talk([Plan(now_s(), [])])
    await asyncio.sleep(FIRST_LASTS_S)
    return dict((await agent.ask({"close": True}))["left"])


async def _open_rooms(
    rooms: Rooms, url: str, names: Sequence[str], agent: AgentProcess, callers: Callers
) -> dict[str, Any]:
    for name in names:
        await rooms.create_room(name)
    opened = await agent.ask({"url": url, "tokens": [rooms.agent_token(name) for name in names]})
    until = utc_now() + TOKEN_LASTS
    await callers.join([rooms.caller_token(name, until) for name in names])
    return opened


async def _talk(agent: AgentProcess, callers: Callers, calls: int, turns: int) -> dict[str, Any]:
    begins_s = now_s() + BEGIN_IN_S
    plans = [plan_talk(begins_s, turns, alone=calls == 1) for _ in range(calls)]
    ends_s = [question_ends_s(plan) for plan in plans]
    await callers.talk(plans)
    recognising = asyncio.create_task(agent.ask({"ends_s": ends_s}))
    pids = {"agent": agent.pid, "callers": callers.pid, "server": _server_pid()}
    await sleep_until(begins_s + PERIOD_S)
    before = _Cpu(pids)
    await sleep_until(begins_s + PERIOD_S * (turns + 1))
    after = _Cpu(pids)
    recognised = await recognising
    await asyncio.sleep(PERIOD_S - SPEECH_S - SETTLE_S)
    heard = await callers.heard()
    waits = [
        wait
        for ends, bursts in zip(ends_s, heard, strict=True)
        for wait in waits_s(ends[1:], bursts)
    ]
    answered = [wait * 1000 for wait in waits if wait is not None]
    return {
        "answered": len(answered),
        "lost": len(waits) - len(answered),
        "ttfa_ms": answered,
        "overhead_ms": [one - FLOOR_MS for one in answered],
        "stop_ms": [],
        "holes": sum(burst.holes for bursts in heard for burst in bursts),
        "lag_ms": recognised["lag_ms"],
        "rss_mb_after": recognised["rss_mb"],
        **after.since(before, calls),
    }


def plan_talk(begins_s: float, turns: int, *, alone: bool) -> Plan:
    """A random phase, then a question once a period, never on the same edge of a frame as another
    caller; the first one warms up."""
    phase_s = 0.0 if alone else random.random() * PERIOD_S
    period = round(PERIOD_S / FRAME_S)
    first = round((phase_s + 0.5) / FRAME_S)
    own_s = begins_s + random.random() * FRAME_S
    return Plan(own_s, [first + index * period for index in range(turns + 1)])


def question_ends_s(plan: Plan) -> list[float]:
    """When the last packet of each question is sent."""
    frames = round(SPEECH_S / FRAME_S)
    return [plan.begins_s + (first + frames) * FRAME_S for first in plan.speaks]


def waits_s(ends_s: Sequence[float], bursts: Sequence[Burst]) -> list[float | None]:
    """For each question how long until the agent spoke; None where it did not before the next."""
    found: list[float | None] = []
    for end_s in ends_s:
        begins = [burst.began_s - end_s for burst in bursts if burst.began_s > end_s]
        soonest = min(begins, default=PERIOD_S)
        found.append(soonest if soonest < PERIOD_S - SPEECH_S else None)
    return found


class _Cpu:
    """What processes and the machine had used at one moment."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._at_s = now_s()
        self._used_s = {name: cpu_s(pid) for name, pid in pids.items()}
        self._driver_s = cpu_s(os.getpid())
        self._busy_s = busy_s()

    def since(self, before: "_Cpu", calls: int) -> dict[str, Any]:
        wall_s = self._at_s - before._at_s
        used_s = {name: self._used_s[name] - before._used_s[name] for name in self._used_s}
        own_s = sum(used_s.values()) + self._driver_s - before._driver_s
        foreign_s = self._busy_s - before._busy_s - own_s
        return {
            "cpu_s_per_session_min": used_s["agent"] * 60 / (calls * wall_s),
            "cpu_ms_per_s": {name: 1000 * one / (calls * wall_s) for name, one in used_s.items()},
            "foreign_cores": max(0.0, foreign_s / wall_s),
        }


def cpu_s(pid: int) -> float:
    """User and system time of all threads of a process (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def last_core() -> int:
    return (os.cpu_count() or 1) - 1


def _server_pid() -> int:
    [found] = [pid for pid in children_of(os.getpid()) if "livekit-server" in command_of(pid)[0]]
    return found


@asynccontextmanager
async def _running_server(folder: Path) -> AsyncIterator[MediaServer]:
    """What it says of connections that end is not shown."""
    program = await provide_program(None, print)
    ports = free_ports("0.0.0.0", 3)
    server = write_config(folder, program, (ports[0], ports[1], ports[2]), KEY, SECRET)
    async with Supervisor(lambda _name, _line: None) as supervisor:
        await supervisor.start(livekit_child(server))
        yield server


@asynccontextmanager
async def _running_agent(stack: str, options: Sequence[str]) -> AsyncIterator[AgentProcess]:
    core = str(last_core())
    argv = ["taskset", "-c", core, sys.executable, "-m", f"bench.rooms.stack_{stack}", *options]
    process = await spawn(Command(argv), stdin=asyncio.subprocess.PIPE, stderr=None)
    try:
        yield AgentProcess(process)
    finally:
        process.kill()
        await process.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stack", required=True)
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--option", action="append", default=[])
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    os.sched_setaffinity(0, {0})
    seen = asyncio.run(measure(given.stack, given.option, given.sessions, given.turns))
    given.out.write_text(json.dumps(seen))


if __name__ == "__main__":
    main()
