"""Runs the seats of one stack in one process and writes what was seen as JSON."""

import argparse
import asyncio
import gc
import json
import os
import random
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.loop.contract import (
    FRAME_S,
    PERIOD_S,
    SPEECH_S,
    Policy,
    Seat,
    Turn,
    ask_on_schedule,
    feed,
    interrupt_on_schedule,
    now_s,
    schedule,
    sleep_until,
)

SEED = 42
LAG_EVERY_S = 0.05
SETTLE_S = 1.5


@dataclass(frozen=True, slots=True)
class Seen:
    """Times in ms but `cpu_s_per_session_min`; `foreign_cores` is what others used of the machine."""

    stack: str
    sessions: int
    answered: int
    lost: int
    ttfa_ms: list[float]
    overhead_ms: list[float]
    llm_ms: list[float]
    tts_ms: list[float]
    stop_ms: list[float]
    lag_ms: list[float]
    cpu_s_per_session_min: float
    rss_mb_before: float
    rss_mb_after: float
    foreign_cores: float
    start_ms: list[float] = field(default_factory=list)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--floor-ms", type=float, default=400.0)
    parser.add_argument("--partial-ms", type=float)
    parser.add_argument("--interrupt", action="store_true")
    parser.add_argument("--option", action="append", default=[])
    return parser.parse_args()


def run(
    stack: str, make_seat: Callable[[], Seat], prepare: Callable[[], None] = gc.collect
) -> None:
    """The whole of one measurement; the process ends with it, whatever still runs in it."""
    arguments = parse_arguments()

    async def measure() -> None:
        seen = await _measure(stack, make_seat, prepare, arguments)
        arguments.out.write_text(json.dumps(asdict(seen)))
        os._exit(0)

    asyncio.run(measure())


async def _measure(
    stack: str,
    make_seat: Callable[[], Seat],
    prepare: Callable[[], None],
    arguments: argparse.Namespace,
) -> Seen:
    random.seed(SEED)
    partial_s = None if arguments.partial_ms is None else arguments.partial_ms / 1000
    policy = Policy(arguments.floor_ms / 1000, partial_s)
    rss_before = _rss_mb()
    seats, start_ms = [make_seat() for _ in range(arguments.sessions)], []
    for seat in seats:
        began_s = time.perf_counter()
        await seat.open()
        start_ms.append((time.perf_counter() - began_s) * 1000)
    prepare()
    begins_s, lags = now_s() + 1.0, []
    watching = asyncio.create_task(watch_lag(lags))
    plans: list[list[float]] = []
    for seat in seats:
        alone = arguments.sessions == 1
        plan = [] if arguments.interrupt else schedule(arguments.turns, begins_s, alone)
        plans.append(plan)
        feeding = feed(seat, begins_s + random.random() * FRAME_S, plan)
        _KEPT.append(asyncio.create_task(feeding))
    pairs = list(zip(seats, plans, strict=True))
    if arguments.interrupt:
        working = [interrupt_on_schedule(s, arguments.turns, policy, plan) for s, plan in pairs]
        ending = asyncio.gather(*working)
    else:
        ending = asyncio.gather(*(ask_on_schedule(s, plan, policy) for s, plan in pairs))
    await sleep_until(begins_s + PERIOD_S)
    lags.clear()
    before = _Snapshot.take()
    await sleep_until(begins_s + PERIOD_S * (arguments.turns + 1) if not arguments.interrupt else 0)
    after = _Snapshot.take()
    rss_after = _rss_mb()
    results: Sequence[Any] = await ending
    await asyncio.sleep(SETTLE_S)
    watching.cancel()
    turns = [] if arguments.interrupt else [turn for one in results for turn in one[1:]]
    stops = [stop for one in results for stop in one] if arguments.interrupt else []
    return _summarise(
        stack,
        arguments,
        policy,
        turns,
        stops,
        lags,
        before,
        after,
        start_ms,
        (rss_before, rss_after),
    )


_KEPT: list[asyncio.Task[None]] = []


def _summarise(
    stack: str,
    arguments: argparse.Namespace,
    policy: Policy,
    turns: list[Turn],
    stops: list[float],
    lags: list[float],
    before: "_Snapshot",
    after: "_Snapshot",
    start_ms: list[float],
    rss: tuple[float, float],
) -> Seen:
    ttfa, llm, tts = [], [], []
    for turn in turns:
        if turn.audio_s is None or turn.audio_s - turn.true_end_s > PERIOD_S - SPEECH_S:
            continue
        ttfa.append((turn.audio_s - turn.true_end_s) * 1000)
        llm.append((turn.llm_s - turn.true_end_s) * 1000 if turn.llm_s else 0.0)
        tts.append((turn.tts_s - turn.true_end_s) * 1000 if turn.tts_s else 0.0)
    wall_s = max(after.at_s - before.at_s, 0.001)
    own_s = after.own_s - before.own_s
    return Seen(
        stack=stack,
        sessions=arguments.sessions,
        answered=len(ttfa),
        lost=len(turns) - len(ttfa),
        ttfa_ms=ttfa,
        overhead_ms=[one - policy.floor_s * 1000 for one in ttfa],
        llm_ms=llm,
        tts_ms=tts,
        stop_ms=[stop * 1000 for stop in stops],
        lag_ms=[lag * 1000 for lag in lags],
        cpu_s_per_session_min=own_s / (arguments.sessions * wall_s / 60),
        rss_mb_before=rss[0],
        rss_mb_after=rss[1],
        foreign_cores=max(0.0, (after.busy_s - before.busy_s - own_s) / wall_s),
        start_ms=start_ms,
    )


async def watch_lag(lags: list[float]) -> None:
    """Appends, for ever, by how many seconds the loop was late; twenty times a second."""
    while True:
        due_s = now_s() + LAG_EVERY_S
        await asyncio.sleep(LAG_EVERY_S)
        lags.append(now_s() - due_s)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    at_s: float
    own_s: float
    busy_s: float

    @classmethod
    def take(cls) -> "_Snapshot":
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return cls(now_s(), usage.ru_utime + usage.ru_stime, busy_s())


def busy_s() -> float:
    """What all processes of the machine have used of its cores, in seconds (proc(5))."""
    fields = [int(one) for one in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _iowait, irq, softirq = fields[:7]
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
