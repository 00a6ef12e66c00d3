"""How late an event loop is: what every other task of the process has to wait too."""

import asyncio
import math
import time
from collections.abc import Callable

SAMPLE_S = 0.05


class LagMeter:
    """`run` samples for ever; `take_ms` gives the worst sample since it was last asked. `on_freeze`
    is called when the loop comes back after it stood still for `frozen_s`.
    """

    def __init__(
        self, frozen_s: float = math.inf, on_freeze: Callable[[], None] = lambda: None
    ) -> None:
        self._frozen_s = frozen_s
        self._on_freeze = on_freeze
        self._worst_s = 0.0

    async def run(self) -> None:
        while True:
            due_s = time.monotonic() + SAMPLE_S
            await asyncio.sleep(SAMPLE_S)
            late_s = time.monotonic() - due_s
            self._worst_s = max(self._worst_s, late_s)
            if late_s > self._frozen_s:
                self._on_freeze()

    def take_ms(self) -> float:
        worst_s, self._worst_s = self._worst_s, 0.0
        return round(worst_s * 1000, 1)
