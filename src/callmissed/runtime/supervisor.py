"""Child processes in order: each started when the last one answers, restarted when it dies, stopped
in reverse. What they say is shown line by line under their names.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from callmissed.runtime.children import Command, spawn
from callmissed.runtime.faults import StartError

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
STEADY_AFTER_S = 60.0
LAST_LINES_WAIT_S = 1.0

Show = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Child:
    """`before` runs ahead of every start; `ready` returns when the child answers (None: at once).

    To stop it the signals of `stop` are sent one after the other, each with the seconds that it
    gets; then it is killed with all that it started.
    """

    name: str
    command: Command
    before: Callable[[], Awaitable[None]] | None = None
    ready: Callable[[], Awaitable[None]] | None = None
    ready_within_s: float = 60.0
    stop: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 5.0),)


class Supervisor:
    """`show(name, line)` must not wait. A child that ends before `keep_alive` sets `failed`; from
    then on it is started again, each time after a longer pause."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._running: list[_Running] = []
        self._stopping = asyncio.Event()
        self._hurrying = asyncio.Event()
        self._kept_alive = False
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
        self.failed.cancel()
        if self.failed.done() and not self.failed.cancelled():
            self.failed.exception()

    async def start(self, child: Child) -> None:
        """Returns when the child answers.

        Raises StartError where it cannot be started, ends before, or does not answer in time.
        """
        running = _Running(child, self._show)
        self._running.append(running)
        await running.launch()
        await running.answer()
        running.watch = asyncio.create_task(self._watch(running))

    def keep_alive(self) -> None:
        self._kept_alive = True

    def hurry(self) -> None:
        """Ends what `stop` waits for at once."""
        self._hurrying.set()

    async def stop(self) -> None:
        """Afterwards nothing runs any more that was started here."""
        self._stopping.set()
        while self._running:
            running = self._running.pop()
            await running.end(self._hurrying)

    async def _watch(self, running: "_Running") -> None:
        wait_s = FIRST_WAIT_S
        while True:
            began_s = time.monotonic()
            how = await running.ended()
            if self._stopping.is_set():
                return
            if not self._kept_alive:
                self._fail(running.fault(how))
                return
            if time.monotonic() - began_s > STEADY_AFTER_S:
                wait_s = FIRST_WAIT_S
            self._show(running.child.name, f"ended ({how}); starts again in {wait_s:g} s")
            await asyncio.sleep(wait_s)
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)
            try:
                await running.launch()
                await running.answer()
            except StartError as error:
                self._show(running.child.name, f"{error} {error.hint}")
            else:
                self._show(running.child.name, "runs again")

    def _fail(self, error: StartError) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)


class _Running:
    """One child and the process that it is just now."""

    def __init__(self, child: Child, show: Show) -> None:
        self.child = child
        self.watch: asyncio.Task[None] | None = None
        self._show = show
        self._process: asyncio.subprocess.Process | None = None
        self._pump: asyncio.Task[None] | None = None
        self._last_line = ""

    async def launch(self) -> None:
        self._process = None
        if self.child.before is not None:
            await self.child.before()
        try:
            self._process = await spawn(self.child.command)
        except OSError as error:
            reason = f"cannot be started ({error.strerror})."
            raise StartError(self.child.name, reason, "Install CallMissed again.") from error
        self._pump = asyncio.create_task(self._show_lines(self._process))

    async def answer(self) -> None:
        """Returns when the child is ready; kills one that is not in time."""
        if self.child.ready is None:
            return
        ended = asyncio.ensure_future(self.ended())
        ready = asyncio.ensure_future(self.child.ready())
        try:
            await asyncio.wait(
                {ended, ready},
                timeout=self.child.ready_within_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if ready.done():
                ready.result()
                return
            if ended.done():
                raise self.fault(ended.result())
            self._kill()
            late = f"did not answer within {self.child.ready_within_s:g} s."
            raise StartError(self.child.name, late, "See its lines above.")
        finally:
            ended.cancel()
            ready.cancel()

    async def ended(self) -> str:
        """Waits for the end and says how it was: an exit code or a signal."""
        if self._process is None:
            return "not started"
        code = await self._process.wait()
        if self._pump is not None:
            await asyncio.wait({self._pump}, timeout=LAST_LINES_WAIT_S)
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    def fault(self, how: str) -> StartError:
        said = f": {self._last_line}" if self._last_line else "."
        return StartError(self.child.name, f"ended at once ({how}){said}", "See its lines above.")

    async def end(self, hurrying: asyncio.Event) -> None:
        if self.watch is not None:
            self.watch.cancel()
            await asyncio.gather(self.watch, return_exceptions=True)
        if self._process is None:
            return
        for stop_signal, patience_s in self.child.stop:
            if self._process.returncode is None and not hurrying.is_set():
                self._process.send_signal(stop_signal)
                await _first_of(self._process.wait(), hurrying.wait(), patience_s)
        self._kill()
        await self.ended()
        if self._pump is not None:
            self._pump.cancel()

    def _kill(self) -> None:
        """The child leads a group of its own: what it started there goes with it."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _show_lines(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:
                continue
            if not line:
                return
            self._last_line = line.decode(errors="replace").rstrip()
            self._show(self.child.name, self._last_line)


async def _first_of(first: Awaitable[object], second: Awaitable[object], within_s: float) -> None:
    tasks = {asyncio.ensure_future(first), asyncio.ensure_future(second)}
    await asyncio.wait(tasks, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
