"""One call process as its parent sees it."""

import asyncio
import contextlib
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from callmissed.kit.process import is_stopped
from callmissed.runtime.children import Command, spawn
from callmissed.runtime.setting_groups import without_provider_keys
from callmissed.runtime.wire import ToChild, ToParent, decode_to_parent, encode_to_child
from callmissed.worker.admission import LATE_BEATS
from callmissed.worker.deaths import is_crash

COMMAND = (sys.executable, "-m", "callmissed", "worker-child")
START_TAKES_S = 120.0
# A stopped process's calls are silent: better another takes them than nobody. One that is silent
# for want of a processor is left in peace for longer, or a busy machine would kill its own calls.
STOPPED_S = 4.0
BEATS_MISSED_S = 10.0
LEAVE_S = 5.0
LAST_LINES_S = 0.1


class CallProcess:
    """Started by `start_call_process`. `epochs` are those of the sessions that run in it, `lags_ms`
    what its last beats told.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.ready = False
        self._stood_still = False
        self.epochs: dict[UUID, int] = {}
        self.lags_ms: deque[float] = deque(maxlen=LATE_BEATS)
        self.breakers: dict[str, dict[str, int]] = {}

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, message: ToChild) -> None:
        """Never waits; a message to a process that is dying is lost, its calls are ended by whoever
        sees it die.
        """
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(encode_to_child(message))

    async def messages(self) -> AsyncIterator[ToParent]:
        """What it says, until it dies. A process that is silent for too long is frozen: it is
        killed.

        Its death ends them, not its pipe: what it started may hold that open.
        """
        dying = asyncio.create_task(self._process.wait(), name="await death")
        try:
            while line := await self._next_line(dying):
                with contextlib.suppress(ValueError):
                    yield decode_to_parent(line)
        finally:
            dying.cancel()

    async def _next_line(self, dying: asyncio.Task[int]) -> bytes:
        """Empty when it is dead or frozen, and everything that it said was read."""
        assert self._process.stdout is not None
        reading = asyncio.create_task(self._process.stdout.readline(), name="read line")
        try:
            await self._wait_patiently(reading, dying)
            if not reading.done():
                # It is dead, or it was we who stood still: what it said may lie in the pipe.
                await asyncio.wait([reading], timeout=LAST_LINES_S)
            if reading.done():
                return reading.result()
            if not dying.done():
                self._stood_still = True
                self.kill()
            return b""
        finally:
            reading.cancel()

    async def _wait_patiently(self, reading: asyncio.Task[bytes], dying: asyncio.Task[int]) -> None:
        """Until either is done, or the process has been silent for too long."""
        either = (reading, dying)
        if not self.ready:
            await _wait_for_first(either, START_TAKES_S)
            return
        await _wait_for_first(either, STOPPED_S)
        if not (reading.done() or dying.done() or is_stopped(self.pid)):
            await _wait_for_first(either, BEATS_MISSED_S - STOPPED_S)

    async def leave(self) -> None:
        """Afterwards it is gone: by itself when its pipe ends, else killed."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), LEAVE_S)
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def has_crashed(self, exit_code: int) -> bool:
        """Of one that is dead: by itself, or by a standstill; else somebody killed it."""
        return self._stood_still or is_crash(exit_code)

    async def wait(self) -> int:
        """Its exit code, or the negative of the signal that killed it."""
        return await self._process.wait()

    def kill(self) -> None:
        """Nothing happens where it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()


async def _wait_for_first(tasks: Iterable[asyncio.Task[Any]], wait_s: float) -> None:
    await asyncio.wait(tuple(tasks), timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)


async def start_call_process(
    command: Sequence[str], env: Mapping[str, str] | None = None
) -> CallProcess:
    """Its error output is ours. It gets the keys of a call with the call: they are left out of
    `env`. Raises OSError when it cannot be started.
    """
    process = await spawn(
        Command(command, env=without_provider_keys(os.environ if env is None else env)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=None,
    )
    return CallProcess(process)
