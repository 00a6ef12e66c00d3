"""One call of half an hour, in virtual time: how much memory it takes as it goes on.

Waiting takes no time, so it runs in about a minute; what is computed and what is kept is the same.
A call goes before it: the engine makes a few types a turn, of which Python's `typing` keeps the last
128 of a process, so only then is what grows the call's own.

`python -m bench.soak.long_call [--minutes 30] [--out FILE]`
"""

import argparse
import asyncio
import gc
import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from bench.loop.contract import (
    PERIOD_S,
    Policy,
    Turn,
    ask_on_schedule,
    feed,
    now_s,
    schedule,
    sleep_until,
)
from bench.loop.running import SETTLE_S
from bench.loop.stack_ours import OurSeat, prepare
from callmissed.providers import Warm
from tests.virtual_time import run_call_jumping

FIRST_MINUTES = 25
WARM_MINUTES = 5
"""By then buffers that hold the last minute are full."""


class Growth:
    """The process's memory at the end of each minute, in all and in Python's blocks (some 80 bytes
    each: they tell of growth that finds room in what was freed before), and what there was more of
    at the end.
    """

    def __init__(self) -> None:
        self.rss_mb: list[float] = []
        self.blocks: list[int] = []
        self._kinds: Counter[str] = Counter()

    def note_minute(self) -> None:
        gc.collect()
        self.rss_mb.append(_rss_mb())
        self.blocks.append(sys.getallocatedblocks())
        if len(self.rss_mb) == WARM_MINUTES:
            self._kinds = _kinds()

    @property
    def grown_mb(self) -> float:
        return self.rss_mb[-1] - self.rss_mb[min(WARM_MINUTES, len(self.rss_mb)) - 1]

    def objects(self) -> dict[str, int]:
        return dict((_kinds() - self._kinds).most_common(12))


async def soak(minutes: int) -> dict[str, Any]:
    warm, folder = prepare(), Path(tempfile.mkdtemp(prefix="bench-soak-"))
    await call(FIRST_MINUTES, folder, warm, Growth())
    growth = Growth()
    answered = await call(minutes, folder, warm, growth)
    return {
        "minutes": minutes,
        "turns": len(answered),
        "lost": sum(turn.audio_s is None for turn in answered),
        "rss_mb": growth.rss_mb,
        "grown_mb": round(growth.grown_mb, 2),
        "python_blocks": growth.blocks,
        "objects_grown": growth.objects(),
    }


async def call(minutes: int, folder: Path, warm: Warm, growth: Growth) -> list[Turn]:
    """A question every `PERIOD_S`; the turns when the call has ended."""
    seat = OurSeat(folder, warm)
    await seat.open()
    begins_s = now_s() + 1.0
    plan = schedule(round(minutes * 60 / PERIOD_S), begins_s, alone=True)
    feeding = asyncio.create_task(feed(seat, begins_s, plan))
    asking = asyncio.create_task(ask_on_schedule(seat, plan, Policy()))
    for minute in range(1, minutes + 1):
        await sleep_until(begins_s + minute * 60)
        growth.note_minute()
    answered = await asking
    await asyncio.sleep(SETTLE_S)
    feeding.cancel()
    await seat.aclose()
    return answered


def _kinds() -> Counter[str]:
    return Counter(type(one).__qualname__ for one in gc.get_objects())


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    seen = run_call_jumping(soak(given.minutes))
    print(json.dumps(seen))
    if given.out is not None:
        given.out.write_text(json.dumps(seen))
