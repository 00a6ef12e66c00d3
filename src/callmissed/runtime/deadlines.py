"""The deadlines of one call, by name: each ends it for a reason."""

import asyncio
from collections.abc import Callable

from callmissed.domain.sessions import EndReason


class Deadlines:
    """`end` is called with the reason of whichever comes due."""

    def __init__(self, end: Callable[[EndReason], None]) -> None:
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def set(self, name: str, after_s: float, reason: EndReason) -> None:
        """In place of one of that name."""
        self.cancel(name)
        self._timers[name] = self._loop.call_later(after_s, self._end, reason)

    def cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def cancel_all(self) -> None:
        for name in list(self._timers):
            self.cancel(name)
