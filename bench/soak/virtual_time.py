"""A loop in which waiting takes no time: half an hour of a call runs in about a minute.

`install` before anything else is imported: what reads the time binds it then. Whatever is computed
takes no virtual time, so nothing that is late in real life is late here; what is kept is the same.
"""

import asyncio
import selectors
import time
from collections.abc import Mapping
from typing import Any

_real_monotonic = time.monotonic
_begun_s = _real_monotonic()
_passed_s = 0.0


def install() -> None:
    """From now on `time` tells virtual time: monotonic, performance counter and wall."""
    wall_s, counter_s = time.time(), time.perf_counter()

    def monotonic() -> float:
        return _begun_s + _passed_s

    def perf_counter() -> float:
        return counter_s + _passed_s

    def wall() -> float:
        return wall_s + _passed_s

    time.monotonic = monotonic
    time.perf_counter = perf_counter
    time.time = wall
    time.monotonic_ns = lambda: round(monotonic() * 1e9)
    time.perf_counter_ns = lambda: round(perf_counter() * 1e9)
    time.time_ns = lambda: round(wall() * 1e9)


class _Jumping(selectors.BaseSelector):
    """Where nothing has come, the time until something is due has passed at once."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        global _passed_s
        if timeout is None:
            return self._real.select(None)
        ready = self._real.select(0)
        if not ready and timeout > 0:
            _passed_s += timeout
        return ready

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


def new_loop() -> asyncio.AbstractEventLoop:
    """A loop in virtual time, once `install` was called."""
    return asyncio.SelectorEventLoop(_Jumping())
