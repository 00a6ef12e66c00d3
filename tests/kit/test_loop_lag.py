"""A loop that stood still is noticed by the loop itself."""

import asyncio
import time

from callmissed.kit.loop_lag import LagMeter


async def test_a_standstill_is_told_once_the_loop_comes_back() -> None:
    frozen = asyncio.Event()
    meter = LagMeter(0.2, frozen.set)
    running = asyncio.create_task(meter.run())
    await asyncio.sleep(0)
    time.sleep(0.4)
    await asyncio.wait_for(frozen.wait(), 5)
    assert meter.take_ms() > 200
    running.cancel()
