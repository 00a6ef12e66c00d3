"""The agent's side of a measurement in rooms: a process of one core that holds the calls of one
stack, and the oracles of its models.

The standard input has lines of JSON: {"url", "tokens"} opens a call in each room, answered by
{"open_ms"}; {"ends_s": [[…], …]} says when each caller's questions will end, in monotonic seconds,
answered when the last was recognised by what was seen; {"close": true} ends the calls in order,
answered by what is left of them. Its end ends the process.
"""

import asyncio
import gc
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from livekit.agents import stt

from bench.loop.contract import Policy, Seat, Turn, ask
from bench.loop.oracles import OracleSTT
from bench.loop.running import watch_lag

SETTLE_S = 1.0
OPENED_EVERY_S = 0.25
"""A worker starts calls at a bounded rate too."""


class RoomSeat(Seat):
    """One call in a room. Its sound goes through the room; only words are told to it."""

    def __init__(self) -> None:
        self.ears = OracleSTT()

    async def enter(self, url: str, token: str) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        raise NotImplementedError

    async def hear_partial(self, words: str) -> None:
        self.ears.tell(stt.SpeechEventType.INTERIM_TRANSCRIPT, words)

    async def hear_final(self, words: str) -> None:
        self.ears.tell(stt.SpeechEventType.FINAL_TRANSCRIPT, words)


def run(make_seat: Callable[[], RoomSeat]) -> None:
    """Obeys until the standard input ends; the process ends with it, whatever still runs in it."""

    async def obey() -> None:
        lags: list[float] = []
        watching = asyncio.create_task(watch_lag(lags))
        seats: list[RoomSeat] = []
        reader = asyncio.StreamReader(limit=1 << 24)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            order = json.loads(line)
            if "tokens" in order:
                _say(await _open(make_seat, seats, order["url"], order["tokens"]))
            elif "ends_s" in order:
                lags.clear()
                await _recognise(seats, order["ends_s"])
                _say({"lag_ms": [lag * 1000 for lag in lags], "rss_mb": _rss_mb()})
            else:
                await asyncio.gather(*(seat.aclose() for seat in seats))
                seats.clear()
                await asyncio.sleep(SETTLE_S)
                _say({"left": count_left()})
        watching.cancel()
        os._exit(0)

    asyncio.run(obey())


async def _open(
    make_seat: Callable[[], RoomSeat], seats: list[RoomSeat], url: str, tokens: Sequence[str]
) -> dict[str, Any]:
    open_ms, before_mb = [], _rss_mb()
    for token in tokens:
        seat = make_seat()
        began_s = time.perf_counter()
        await seat.enter(url, token)
        open_ms.append((time.perf_counter() - began_s) * 1000)
        seats.append(seat)
        await asyncio.sleep(OPENED_EVERY_S)
    return {"open_ms": open_ms, "rss_mb": before_mb}


async def _recognise(seats: Sequence[RoomSeat], ends_s: Sequence[Sequence[float]]) -> None:
    async def follow(seat: RoomSeat, ends: Sequence[float]) -> None:
        for end_s in ends:
            seat.current = Turn(end_s)
            await ask(seat, seat.current, Policy())

    await asyncio.gather(*(follow(*pair) for pair in zip(seats, ends_s, strict=True)))


def count_left() -> dict[str, int]:
    """What of this process could be left of a call: tasks, threads, open files and sockets."""
    gc.collect()
    return {
        "tasks": len(asyncio.all_tasks()),
        "python threads": threading.active_count(),
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "files": len(list(Path("/proc/self/fd").iterdir())),
    }


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
