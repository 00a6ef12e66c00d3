"""An event loop whose clock jumps to the next timer when nothing else is to be done.

What waits costs no time; sockets within the same process work, threads do not.
"""

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar
from unittest.mock import patch

Result = TypeVar("Result")

TICK_S = 1e-6
"""What a round of the loop takes: who waits for less than a clock can tell is not asked for ever."""


class _JumpingSelector(selectors.DefaultSelector):
    passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.passed_s += TICK_S
        ready = super().select(0)
        if ready or timeout is None or timeout <= 0:
            return ready or (super().select(None) if timeout is None else ready)
        self.passed_s += timeout
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return 1000.0 + self._jumping.passed_s


def run_jumping(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """The coroutine's result; its seconds pass at once."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(coroutine)


def run_call_jumping(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """The same for what reads the process's clocks too, as a conversation and its engine do."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        loop, began_s = runner.get_loop(), time.time()
        with (
            patch("time.monotonic", loop.time),
            patch("time.time", lambda: began_s + loop.time()),
        ):
            return runner.run(coroutine)
