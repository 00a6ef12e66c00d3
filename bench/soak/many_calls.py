"""Many calls at once for minutes, in real time and without rooms: how late the loop comes, and what
is left when all have ended.

`python -m bench.soak.many_calls [--calls 25] [--minutes 10] [--out FILE]`
"""

import argparse
import asyncio
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import uvloop

from bench.loop.contract import (
    FRAME_S,
    PERIOD_S,
    Policy,
    ask_on_schedule,
    feed,
    now_s,
    schedule,
)
from bench.loop.percentiles import percentile
from bench.loop.running import watch_lag
from bench.loop.stack_ours import OurSeat, prepare
from bench.rooms.seats import SETTLE_S, count_left
from callmissed.providers import Warm

FIRST_TURNS = 1


async def soak(calls: int, minutes: float) -> dict[str, Any]:
    """A short generation of calls first, so that what a process makes once is made; then the one
    that is measured. `left` is how much more there is after it than after the first."""
    warm = prepare()
    folder = Path(tempfile.mkdtemp(prefix="bench-soak-"))
    await _generation(calls, FIRST_TURNS, folder, warm, [])
    before = count_left()
    lags: list[float] = []
    turns = max(1, round(minutes * 60 / PERIOD_S))
    answered, lost = await _generation(calls, turns, folder, warm, lags)
    after = count_left()
    lag_ms = [lag * 1000 for lag in lags]
    return {
        "calls": calls,
        "minutes": minutes,
        "answered": answered,
        "lost": lost,
        "lag_ms": {str(share): round(percentile(lag_ms, share), 2) for share in (50, 95, 99, 100)},
        "left": {name: count - before[name] for name, count in after.items()},
    }


async def _generation(
    calls: int, turns: int, folder: Path, warm: Warm, lags: list[float]
) -> tuple[int, int]:
    seats = [OurSeat(folder, warm) for _ in range(calls)]
    for seat in seats:
        await seat.open()
    begins_s = now_s() + 1.0
    plans = [schedule(turns, begins_s, alone=False) for _ in seats]
    feeding = [
        asyncio.create_task(feed(seat, begins_s + random.random() * FRAME_S, plan))
        for seat, plan in zip(seats, plans, strict=True)
    ]
    watching = asyncio.create_task(watch_lag(lags))
    asked = await asyncio.gather(
        *(ask_on_schedule(seat, plan, Policy()) for seat, plan in zip(seats, plans, strict=True))
    )
    await asyncio.sleep(SETTLE_S)
    for task in (watching, *feeding):
        task.cancel()
    await asyncio.gather(*(seat.aclose() for seat in seats))
    await asyncio.wait([watching, *feeding])
    await asyncio.sleep(SETTLE_S)
    answers = [turn.audio_s is not None for one in asked for turn in one]
    return sum(answers), len(answers) - sum(answers)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=25)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    seen = uvloop.run(soak(given.calls, given.minutes))
    print(json.dumps(seen))
    if given.out is not None:
        given.out.write_text(json.dumps(seen))
