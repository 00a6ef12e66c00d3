"""The call processes of one worker: kept alive, and given calls evenly."""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import structlog

from callmissed.domain.sessions import EndReason
from callmissed.runtime.shipping import Shipper
from callmissed.runtime.wire import Beat, Done, Drain, End, Noted, Ready, Start, Told, ToParent
from callmissed.worker.call_process import CallProcess, start_call_process
from callmissed.worker.rounds import Bells

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 10.0
STEADY_S = 30.0
LATE_MS = 250.0
PROCESS_DIED = "The process that ran this call died."

log = structlog.get_logger("callmissed.worker.fleet")


class Fleet:
    """`size` call processes with `slots` calls each. `was_ready` is true since a process could
    first take calls.
    """

    def __init__(
        self,
        command: Sequence[str],
        size: int,
        slots: int,
        shipper: Shipper,
        bells: Bells,
    ) -> None:
        self._command = command
        self._size = size
        self._slots = slots
        self._shipper = shipper
        self._bells = bells
        self._processes: set[CallProcess] = set()
        self._leaving = asyncio.Event()
        self.was_ready = False
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def free_slots(self) -> int:
        if self._leaving.is_set():
            return 0
        return sum(self._slots - len(process.epochs) for process in self._ready())

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    async def run(self) -> None:
        """Starts the processes and restarts those that die, for ever."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._size):
                group.create_task(self._keep_one())

    def runs(self, session_id: UUID) -> bool:
        return any(session_id in process.epochs for process in self._processes)

    def place(self, start: Start) -> bool:
        """Starts the call where the fewest run; False where no process has a free slot."""
        process = min(self._ready(), key=lambda one: len(one.epochs), default=None)
        if process is None or len(process.epochs) >= self._slots:
            return False
        process.epochs[start.terms.session_id] = start.terms.epoch
        self._empty.clear()
        process.tell(start)
        return True

    def end(self, session_id: UUID, reason: EndReason) -> None:
        """Nothing happens where the session does not run here."""
        for process in self._processes:
            if session_id in process.epochs:
                process.tell(End(session_id, reason))

    def end_all(self, reason: EndReason) -> None:
        for process in self._processes:
            for session_id in process.epochs:
                process.tell(End(session_id, reason))

    def drain(self) -> None:
        """From now on no process takes a call; each leaves after its last."""
        self._leaving.set()
        for process in self._processes:
            process.tell(Drain())

    async def wait_until_empty(self) -> None:
        """Returns when no call runs."""
        await self._empty.wait()

    async def leave(self) -> None:
        """Afterwards all processes are gone; calls that still ran have ended as failed."""
        self._leaving.set()
        await asyncio.gather(*(process.leave() for process in list(self._processes)))
        await self._empty.wait()

    def _ready(self) -> list[CallProcess]:
        return [process for process in self._processes if process.ready]

    async def _keep_one(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._leaving.is_set():
            began_s = time.monotonic()
            try:
                code = await self._run_one()
            except OSError as error:
                code = error.errno or 0
                log.error("call_process_not_started", error=error.strerror)
            if self._leaving.is_set():
                return
            if time.monotonic() - began_s > STEADY_S:
                wait_s = FIRST_WAIT_S
            log.error("call_process_died", exit_code=code, restart_in_s=wait_s)
            await asyncio.sleep(wait_s)
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)

    async def _run_one(self) -> int:
        process = await start_call_process(self._command)
        self._processes.add(process)
        try:
            async for message in process.messages():
                self._hear(process, message)
            return await process.wait()
        finally:
            process.kill()
            self._processes.discard(process)
            for session_id in list(process.epochs):
                self._forget(process, session_id, PROCESS_DIED)

    def _hear(self, process: CallProcess, message: ToParent) -> None:
        match message:
            case Ready():
                process.ready = self.was_ready = True
                self._tell_change()
            case Beat(lag_ms=lag_ms) if lag_ms > LATE_MS:
                log.warning("call_process_late", lag_ms=lag_ms, calls=message.calls)
            case Noted():
                self._shipper.nudge()
            case Told():
                self._shipper.take(message)
            case Done(session_id=session_id):
                self._forget(process, session_id, "The call stopped without a reason.")

    def _forget(self, process: CallProcess, session_id: UUID, detail: str) -> None:
        epoch = process.epochs.pop(session_id, None)
        if epoch is None:
            return
        self._shipper.close(session_id, epoch, detail)
        if not any(one.epochs for one in self._processes):
            self._empty.set()
        self._tell_change()

    def _tell_change(self) -> None:
        """There may be more free slots."""
        self._bells.claim.set()
        self._bells.beat.set()
