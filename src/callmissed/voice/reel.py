"""An answer's sound while it is made: several pieces at work, one reader who takes them in order."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from livekit import rtc


@dataclass(frozen=True, slots=True)
class Began:
    """From here the sound is that of `text`, which will probably take that long."""

    text: str
    expected_s: float


@dataclass(frozen=True, slots=True)
class WentOn:
    """From here it is that of `rest`, the end of the present text, made by another voice."""

    rest: str
    expected_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """All sound of the present text is there."""


Step = Began | WentOn | Ended | rtc.AudioFrame


@dataclass(slots=True)
class Take:
    """One piece. `failure` is why no more of it comes; `begun` is set with its first sound, or with
    its end where there is none.
    """

    steps: deque[Step] = field(default_factory=deque)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False
    failure: Exception | None = None


class Reel:
    """`changed` is set whenever there is something new for the reader."""

    def __init__(self, changed: asyncio.Event) -> None:
        self._changed = changed
        self._takes: deque[Take] = deque()
        self._is_over = False
        self._failure: Exception | None = None
        self.made_s = 0.0

    def open_take(self) -> Take:
        take = Take()
        self._takes.append(take)
        return take

    def add(self, take: Take, step: Step) -> None:
        take.steps.append(step)
        if isinstance(step, rtc.AudioFrame):
            self.made_s += step.duration
            take.begun.set()
        self._changed.set()

    def end_take(self, take: Take, failure: Exception | None = None) -> None:
        take.is_over = True
        take.failure = failure
        take.begun.set()
        self._changed.set()

    def end(self, failure: Exception | None = None) -> None:
        """No more pieces come."""
        self._is_over = True
        self._failure = failure
        self._changed.set()

    async def steps(self, wait_s: Callable[[], float | None]) -> AsyncGenerator[Step | None, None]:
        """Everything in order; None each time when nothing came for `wait_s()` seconds.

        Raises the failure of a piece, or of the whole, when what was made before it has been read.
        """
        while True:
            if (step := self._next()) is not None:
                yield step
                continue
            if self._is_over and not self._takes:
                if self._failure is not None:
                    raise self._failure
                return
            self._changed.clear()
            try:
                async with asyncio.timeout(wait_s()):
                    await self._changed.wait()
            except TimeoutError:
                yield None

    def _next(self) -> Step | None:
        while self._takes:
            take = self._takes[0]
            if take.steps:
                return take.steps.popleft()
            if not take.is_over:
                return None
            self._takes.popleft()
            if take.failure is not None:
                raise take.failure
        return None
