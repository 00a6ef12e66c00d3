"""The call processes of one worker: kept alive, and given calls evenly."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from callmissed.domain.sessions import EndReason
from callmissed.runtime.shipping import Shipper
from callmissed.runtime.wire import (
    Beat,
    Done,
    Drain,
    End,
    Noted,
    Overtaken,
    Ready,
    RoomLost,
    Start,
    Told,
    ToParent,
)
from callmissed.worker.admission import LATE_MS, open_slots
from callmissed.worker.call_process import CallProcess, start_call_process
from callmissed.worker.deaths import Loss
from callmissed.worker.rounds import Bells

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 10.0
STEADY_S = 30.0
# A start takes a whole core for seconds: those who take the calls over have it first.
REST_S = 2.0
NO_REASON = "The call stopped without a reason."

log = structlog.get_logger("callmissed.worker.fleet")


class Fleet:
    """`size` call processes with `slots` calls each, and `spares` more that wait, warm and empty,
    for the calls of one that dies. `was_ready` is true since a process could first take calls.

    `lost` holds the sessions whose run has gone without an end: its process died, or it gave way to
    another that is not there. Whoever sees to one takes it out. `deaths` counts dead processes.
    """

    def __init__(
        self,
        command: Sequence[str],
        size: int,
        slots: int,
        shipper: Shipper,
        bells: Bells,
        on_room_lost: Callable[[UUID, str], None],
        spares: int = 0,
        on_beat: Callable[[Beat], None] = lambda _beat: None,
    ) -> None:
        self._command = command
        self._size = size
        self._spares = spares
        self._slots = slots
        self._shipper = shipper
        self._bells = bells
        self._on_room_lost = on_room_lost
        self._on_beat = on_beat
        self.deaths = 0
        self.lost: dict[UUID, Loss] = {}
        self._processes: set[CallProcess] = set()
        self._manned = asyncio.Event()
        self._bare = asyncio.Event()
        self._leaving = asyncio.Event()
        self.was_ready = False
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def free_slots(self) -> int:
        if self._leaving.is_set():
            return 0
        free = sum(self._open_slots(process) for process in self._working())
        return max(0, min(free, self._size * self._slots - len(self.running)))

    @property
    def is_leaving(self) -> bool:
        return self._leaving.is_set()

    @property
    def has_ready(self) -> bool:
        """True where a call can be started now, be it over the slots."""
        return not self.is_leaving and bool(self._ready())

    @property
    def lag_ms(self) -> float:
        """The worst of the last beats."""
        return max((max(one.lags_ms, default=0.0) for one in self._processes), default=0.0)

    @property
    def running(self) -> dict[UUID, int]:
        """The epoch of each session that runs here."""
        return {one: epoch for process in self._processes for one, epoch in process.epochs.items()}

    @property
    def breakers(self) -> list[dict[str, dict[str, int]]]:
        """What each process last told of its circuit breakers."""
        return [process.breakers for process in self._processes]

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    async def run(self) -> None:
        """Starts the processes and restarts those that die, for ever; the spares when the others
        can take calls.
        """
        async with asyncio.TaskGroup() as group:
            for _ in range(self._size):
                group.create_task(self._keep_one())
            await self._manned.wait()
            for _ in range(self._spares):
                group.create_task(self._keep_one())

    def runs(self, session_id: UUID) -> bool:
        return any(session_id in process.epochs for process in self._processes)

    def place(self, start: Start, *, over_slots: bool = False) -> bool:
        """Starts the call where the fewest run; False where no process has a free slot. A call that
        was lost takes none from others: it goes `over_slots`, and to a spare where there is one.
        """
        among = self._ready() if over_slots else self._working()
        process = min(among, key=lambda one: len(one.epochs), default=None)
        if process is None or (len(process.epochs) >= self._slots and not over_slots):
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

    def overtake(self, session_id: UUID) -> None:
        """Its run here falls silent at once and notes nothing more."""
        for process in self._processes:
            if session_id in process.epochs:
                process.tell(Overtaken(session_id))

    def end_all(self, detail: str) -> None:
        """The agents take their leave; the calls end as failed."""
        for process in self._processes:
            for session_id in process.epochs:
                process.tell(End(session_id, EndReason.ERROR, with_goodbye=True, detail=detail))

    def drain(self) -> None:
        """From now on no process takes a call; each leaves after its last."""
        self._leaving.set()
        for process in self._processes:
            process.tell(Drain())

    async def wait_until_empty(self) -> None:
        """Returns when no call runs."""
        await self._empty.wait()

    async def leave(self) -> None:
        """Afterwards all processes are gone; calls that still ran are `lost`."""
        self._leaving.set()
        await asyncio.gather(*(process.leave() for process in list(self._processes)))
        await self._empty.wait()

    def _ready(self) -> list[CallProcess]:
        return [process for process in self._processes if process.ready]

    def _working(self) -> list[CallProcess]:
        """Those for new calls: the fullest, so that the spares stay empty."""
        by_calls = sorted(self._ready(), key=lambda one: len(one.epochs), reverse=True)
        return by_calls[: self._size]

    async def _keep_one(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._leaving.is_set():
            began_s = time.monotonic()
            was_killed = False
            try:
                process, code = await self._run_one()
                was_killed = process.ready and not process.has_crashed(code)
            except OSError as error:
                code = error.errno or 0
                log.error("call_process_not_started", error=error.strerror)
            if self._leaving.is_set():
                return
            if was_killed or time.monotonic() - began_s > STEADY_S:
                wait_s = FIRST_WAIT_S
            rest_s = max(wait_s, REST_S) if self._ready() else wait_s
            self.deaths += 1
            log.error("call_process_died", exit_code=code, restart_in_s=rest_s)
            await self._rest(rest_s, is_needed=self._bare if was_killed else asyncio.Event())
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)

    async def _rest(self, wait_s: float, is_needed: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(is_needed.wait(), wait_s)

    async def _run_one(self) -> tuple[CallProcess, int]:
        """The process when it is dead, and its exit code."""
        process = await start_call_process(self._command)
        self._processes.add(process)
        try:
            async for message in process.messages():
                self._hear(process, message)
            code = await process.wait()
            self._bury(process, has_crashed=process.has_crashed(code))
            return process, code
        finally:
            process.kill()
            self._bury(process, has_crashed=False)

    def _bury(self, process: CallProcess, *, has_crashed: bool) -> None:
        """Its calls are lost; a second time nothing happens."""
        self._processes.discard(process)
        if not self._ready():
            self._bare.set()
        for session_id in list(process.epochs):
            self._lose(process, session_id, is_crash=has_crashed)

    def _hear(self, process: CallProcess, message: ToParent) -> None:
        match message:
            case Ready():
                process.ready = self.was_ready = True
                self._bare.clear()
                if len(self._ready()) >= self._size:
                    self._manned.set()
                self._tell_change()
            case Beat(lag_ms=lag_ms):
                process.lags_ms.append(lag_ms)
                process.breakers = message.breakers
                self._on_beat(message)
                if lag_ms > LATE_MS:
                    log.warning("call_process_late", lag_ms=lag_ms, calls=message.calls)
            case Noted():
                self._shipper.nudge()
            case Told():
                self._shipper.take(message)
            case RoomLost():
                self._on_room_lost(message.session_id, message.room)
            case Done(session_id=session_id, overtaken=True):
                self._lose(process, session_id)
            case Done(session_id=session_id):
                if (epoch := self._forget(process, session_id)) is not None:
                    self._shipper.close(session_id, epoch, NO_REASON)

    def _lose(self, process: CallProcess, session_id: UUID, *, is_crash: bool = False) -> None:
        epoch = self._forget(process, session_id)
        if epoch is not None:
            self._shipper.abandon(session_id, epoch)
            self.lost[session_id] = Loss(epoch, is_crash)
            self._bells.lost.set()

    def _forget(self, process: CallProcess, session_id: UUID) -> int | None:
        epoch = process.epochs.pop(session_id, None)
        if not any(one.epochs for one in self._processes):
            self._empty.set()
        self._tell_change()
        return epoch

    def _open_slots(self, process: CallProcess) -> int:
        return open_slots(self._slots, len(process.epochs), process.lags_ms)

    def _tell_change(self) -> None:
        """There may be more free slots."""
        self._bells.claim.set()
        self._bells.beat.set()
