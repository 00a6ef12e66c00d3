"""A worker's parent process: claims sessions, runs them in call processes, ships their notes."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import structlog
import uvloop

from callmissed.domain.errors import Refusal
from callmissed.domain.workers import Worker
from callmissed.runtime.house import open_house
from callmissed.runtime.journal_folders import own_folder
from callmissed.runtime.refused_journals import RefusedJournals
from callmissed.runtime.settings import Settings
from callmissed.runtime.shipping import Shipper
from callmissed.runtime.watching import watch_calls
from callmissed.worker.adoption import Adopter
from callmissed.worker.call_process import COMMAND
from callmissed.worker.dispatch import Dispatcher
from callmissed.worker.fleet import Fleet
from callmissed.worker.gauges import WorkerMetrics
from callmissed.worker.rooms import RoomKeeper
from callmissed.worker.rounds import Bells, repeat

BEAT_EVERY_S = 1.0
CLAIM_EVERY_S = 0.25
ADOPT_EVERY_S = 1.0
LOST_EVERY_S = 0.25
REMOVE_EVERY_S = 5.0
LOOK_EVERY_S = 1.0
RESTART_S = 1.0
LAST_WORDS_S = 8.0
STOPPED = "The worker was stopped."
SETTLE_S = 10.0

Round = tuple[Callable[[], Awaitable[object]], float, asyncio.Event]

log = structlog.get_logger("callmissed.worker")


@dataclass(frozen=True, slots=True)
class Stop:
    """`asked` is set by the first SIGTERM or SIGINT, or by the database, `hurried` by the next
    signal.
    """

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    hurried: asyncio.Event = field(default_factory=asyncio.Event)


def run(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT, or until the database asks it to drain: then until its last call
    has ended. A second signal ends them, each with a spoken goodbye.
    """
    uvloop.run(serve(settings))


async def serve(settings: Settings, command: Sequence[str] = COMMAND) -> None:
    """`command` starts one call process."""
    stop = _listen_to_signals()
    root = settings.data_dir / "journals"
    slots = settings.worker_processes * settings.worker_slots
    worker = Worker(id=uuid4(), name=socket.gethostname(), slots=slots)
    async with open_house(settings) as house, watch_calls(settings) as watched:
        folder = own_folder(root, worker.id)
        shipper = Shipper(house.database, folder.path, watches=watched.watches)
        metrics = WorkerMetrics(watched.board)
        bells = Bells()
        refused = RefusedJournals(root, house.database)
        keeper = RoomKeeper(
            house.rooms,
            lambda session_id: fleet.runs(session_id),
            lambda session_id: dispatcher.is_open(session_id),
        )
        fleet = Fleet(
            command,
            settings.worker_processes,
            settings.worker_slots,
            shipper,
            bells,
            keeper.note_lost,
            settings.worker_spares,
            metrics.note_beat,
        )
        dispatcher = Dispatcher(
            house, worker, fleet, shipper, bells, stop.asked.set, keeper.note_lost
        )
        adopter = Adopter(root, shipper, dispatcher.retire)

        async def look() -> None:
            metrics.look(fleet, shipper, slots, dispatcher.free_slots)

        rounds = [
            (dispatcher.beat, BEAT_EVERY_S, bells.beat),
            (dispatcher.see_to_lost, LOST_EVERY_S, bells.lost),
            (dispatcher.obey_announcements, RESTART_S, asyncio.Event()),
            (shipper.run, RESTART_S, asyncio.Event()),
            (adopter.adopt, ADOPT_EVERY_S, asyncio.Event()),
            (refused.remove_deleted, REMOVE_EVERY_S, asyncio.Event()),
            (keeper.run, RESTART_S, asyncio.Event()),
            (look, LOOK_EVERY_S, asyncio.Event()),
        ]
        try:
            await _work(fleet, dispatcher, rounds, bells, stop)
            if not await shipper.settle(SETTLE_S):
                log.warning("journals_left", calls=len(shipper))
            with contextlib.suppress(Refusal):
                await dispatcher.retire()
        finally:
            folder.release()


async def _work(
    fleet: Fleet, dispatcher: Dispatcher, rounds: Sequence[Round], bells: Bells, stop: Stop
) -> None:
    """Returns when it was told to stop and no call runs any more."""
    async with asyncio.TaskGroup() as group:
        claiming = group.create_task(repeat(dispatcher.claim, CLAIM_EVERY_S, bells.claim))
        others = [group.create_task(fleet.run())]
        others += [group.create_task(repeat(*one)) for one in rounds]
        await stop.asked.wait()
        claiming.cancel()
        log.info("worker_draining", calls=len(fleet.running))
        await _end_calls(fleet, stop)
        for task in others:
            task.cancel()


async def _end_calls(fleet: Fleet, stop: Stop) -> None:
    """Waits for the running calls, ends them when it is hurried, then the processes."""
    fleet.drain()
    waiting = [
        asyncio.create_task(fleet.wait_until_empty()),
        asyncio.create_task(stop.hurried.wait()),
    ]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    fleet.end_all(STOPPED)
    await asyncio.wait(waiting[:1], timeout=LAST_WORDS_S)
    for task in waiting:
        task.cancel()
    await fleet.leave()


def _listen_to_signals() -> Stop:
    stop = Stop()
    events = iter((stop.asked,))

    def note() -> None:
        next(events, stop.hurried).set()

    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, note)
    return stop
