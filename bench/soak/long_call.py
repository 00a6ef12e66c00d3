"""One call of half an hour, in virtual time: how much memory it takes as it goes on.

Waiting takes no time, so it runs in about a minute; what is computed and what is kept is the same.

`python -m bench.soak.long_call [--minutes 30] [--out FILE]`
"""

import argparse
import asyncio
import gc
import json
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from bench.loop.contract import (
    PERIOD_S,
    Policy,
    ask_on_schedule,
    feed,
    now_s,
    schedule,
    sleep_until,
)
from bench.loop.running import SETTLE_S
from bench.loop.stack_ours import OurSeat, prepare
from tests.virtual_time import run_call_jumping

WARM_MINUTES = 5
"""By then buffers that hold the last minute are full, and what is made once is made."""


async def call(minutes: int) -> dict[str, Any]:
    """`rss_mb` is the process's memory at the end of each minute."""
    warm = prepare()
    seat = OurSeat(Path(tempfile.mkdtemp(prefix="bench-soak-")), warm)
    await seat.open()
    begins_s = now_s() + 1.0
    turns = round(minutes * 60 / PERIOD_S)
    plan = schedule(turns, begins_s, alone=True)
    feeding = asyncio.create_task(feed(seat, begins_s, plan))
    asking = asyncio.create_task(ask_on_schedule(seat, plan, Policy()))
    rss_mb, kinds = [], Counter[str]()
    for minute in range(1, minutes + 1):
        await sleep_until(begins_s + minute * 60)
        gc.collect()
        rss_mb.append(_rss_mb())
        if minute == WARM_MINUTES:
            kinds = _kinds()
    grown = _kinds() - kinds
    answered = await asking
    await asyncio.sleep(SETTLE_S)
    feeding.cancel()
    await seat.aclose()
    lost = sum(turn.audio_s is None for turn in answered)
    return {
        "minutes": minutes,
        "turns": len(answered),
        "lost": lost,
        "rss_mb": rss_mb,
        "grown_mb": rss_mb[-1] - rss_mb[min(WARM_MINUTES, minutes) - 1],
        "objects_grown": dict(grown.most_common(12)),
    }


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
    seen = run_call_jumping(call(given.minutes))
    print(json.dumps(seen))
    if given.out is not None:
        given.out.write_text(json.dumps(seen))
