"""How late an event loop is: what every other task of the process has to wait too."""

import asyncio
import time

SAMPLE_S = 0.05


class LagMeter:
    """`run` samples for ever; `take_ms` gives the worst sample since it was last asked."""

    def __init__(self) -> None:
        self._worst_s = 0.0

    async def run(self) -> None:
        while True:
            due_s = time.monotonic() + SAMPLE_S
            await asyncio.sleep(SAMPLE_S)
            self._worst_s = max(self._worst_s, time.monotonic() - due_s)

    def take_ms(self) -> float:
        worst_s, self._worst_s = self._worst_s, 0.0
        return round(worst_s * 1000, 1)
