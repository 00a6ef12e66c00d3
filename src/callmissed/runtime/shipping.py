"""Brings the notes of calls from this host's journals to the database, outside the processes that
run the calls.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog

from callmissed.domain.errors import Kind, Refusal
from callmissed.kit.clock import SYSTEM_CLOCK, Clock
from callmissed.runtime.backlog import Backlog, journal_path, moved
from callmissed.runtime.wire import Numbered, Told, decode_record
from callmissed.services import calls
from callmissed.services.moments import measure_lead
from callmissed.store.database import Database

POLL_S = 0.2
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 5.0
NOTES_A_TRANSACTION = 50
REFUSED_SUFFIX = ".refused"

Watch = Callable[[UUID, int, Numbered], None]
"""Is shown a note of a session's epoch."""

log = structlog.get_logger("callmissed.shipping")


class Shipper:
    """Ships the journals in `folder` and those given to `adopt`.

    Each note is recorded at least once under its key (session, epoch, seq), those of one session in
    order. A journal is deleted when its call's end is in the database; while the database is away
    journals only grow. What they tell by this host's clock (`clock`) is stored by the database's.
    `watches` are shown each note once, the database's state notwithstanding; those of adopted
    journals were shown to others.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        clock: Clock = SYSTEM_CLOCK,
        watches: Sequence[Watch] = (),
    ) -> None:
        self._database = database
        self.folder = folder
        self._clock = clock
        self._watches = watches
        self._backlogs: dict[tuple[UUID, int], Backlog] = {}
        self._wake = asyncio.Event()
        self._shipping = asyncio.Lock()

    def __len__(self) -> int:
        """How many calls have something to ship, or may have later."""
        return len(self._backlogs)

    def expect(self, session_id: UUID, epoch: int) -> Path:
        """The file that this call's notes will be read from."""
        path = journal_path(self.folder, session_id, epoch)
        self._backlogs[session_id, epoch] = Backlog(
            session_id, epoch, path, on_note=partial(self._show, session_id, epoch)
        )
        return path

    def look_at_backlog(self) -> tuple[int, float]:
        """How many notes were read that the database has not taken, and for how many seconds the
        oldest waits.
        """
        waiting = [note.at for backlog in self._backlogs.values() for note in backlog.waiting]
        oldest = min(waiting, default=None)
        oldest_s = (self._clock.now() - oldest).total_seconds() if oldest else 0.0
        return len(waiting), max(0.0, oldest_s)

    def nudge(self) -> None:
        """Something stands in a journal: look now, not at the next poll."""
        self._wake.set()

    def take(self, told: Told) -> None:
        """A note that came over the pipe because the disk was full."""
        if backlog := self._backlogs.get((told.session_id, told.epoch)):
            backlog.add(decode_record(told.record))
            self._wake.set()

    def close(self, session_id: UUID, epoch: int, detail: str) -> None:
        """The call's process writes no more; without a noted end the session failed, and `detail`
        says why.
        """
        if backlog := self._backlogs.get((session_id, epoch)):
            backlog.close(detail)
            self._wake.set()

    def abandon(self, session_id: UUID, epoch: int) -> None:
        """The call's process is gone, and the session goes on in a later epoch: no end is added."""
        if backlog := self._backlogs.get((session_id, epoch)):
            backlog.close(None)
            self._wake.set()

    def adopt(self, backlog: Backlog) -> None:
        """A journal whose writer died with its worker. The session may go on elsewhere: no end is
        added to it.
        """
        if self._backlogs.setdefault((backlog.session_id, backlog.epoch), backlog) is backlog:
            backlog.close(None)
            self._wake.set()

    def awaits(self, session_id: UUID) -> bool:
        """True while a call of this session has something to ship, or may have later."""
        return any(known == session_id for known, _ in self._backlogs)

    def ships(self, path: Path) -> bool:
        return any(backlog.path == path for backlog in self._backlogs.values())

    async def run(self) -> None:
        """Ships for ever; every failure is waited out and tried again."""
        wait_s = FIRST_WAIT_S
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL_S)
            self._wake.clear()
            if await self.ship_once():
                wait_s = FIRST_WAIT_S
            else:
                await asyncio.sleep(wait_s)
                wait_s = min(LONGEST_WAIT_S, wait_s * 2)

    async def settle(self, wait_s: float) -> bool:
        """True as soon as nothing is left to ship; False after `wait_s`. To be called with `run`
        ended.
        """
        until_s = time.monotonic() + wait_s
        while self._backlogs:
            if time.monotonic() > until_s:
                return False
            if not await self.ship_once() or self._backlogs:
                await asyncio.sleep(POLL_S)
        return True

    async def ship_once(self) -> bool:
        """Ships what there is now; False when the database did not answer and something is left."""
        async with self._shipping:
            return await self._ship()

    async def _ship(self) -> bool:
        for backlog in list(self._backlogs.values()):
            backlog.read()
        for backlog in list(self._backlogs.values()):
            try:
                while due := backlog.due(NOTES_A_TRANSACTION):
                    await self._record(backlog, due)
            except Refusal as refusal:
                log.warning("shipping_delayed", calls=len(self._backlogs), reason=refusal.kind)
                return False
            if backlog.finished:
                self._forget(backlog)
        return True

    async def _record(self, backlog: Backlog, due: list[Numbered]) -> None:
        """Raises Refusal UNAVAILABLE; a batch that is refused for another reason is recorded note
        by note.
        """
        try:
            await self._record_together(backlog, due)
        except Exception as error:
            if _is_outage(error):
                raise
            for numbered in due:
                await self._record_alone(backlog, numbered)

    async def _record_together(self, backlog: Backlog, due: list[Numbered]) -> None:
        async with self._database.system() as db:
            lead = await measure_lead(db, self._clock)
            for item in (moved(one, lead) for one in due):
                await calls.record_note(
                    db, backlog.session_id, backlog.epoch, item.seq, item.note, item.at
                )
        backlog.confirm(due[-1].seq)

    async def _record_alone(self, backlog: Backlog, numbered: Numbered) -> None:
        """A note that the database refuses for itself stays on the disk, and the notes behind it go
        on.
        """
        try:
            await self._record_together(backlog, [numbered])
        except Exception as error:
            if _is_outage(error):
                raise
            log.error(
                "note_refused",
                session_id=str(backlog.session_id),
                seq=numbered.seq,
                note=type(numbered.note).__name__,
                error=type(error).__name__,
            )
            backlog.refused = True
            backlog.confirm(numbered.seq)

    def _show(self, session_id: UUID, epoch: int, item: Numbered) -> None:
        """What watches do wrong keeps no note from the database."""
        for watch in self._watches:
            try:
                watch(session_id, epoch, item)
            except Exception as error:
                log.warning("note_not_watched", exc_info=error)

    def _forget(self, backlog: Backlog) -> None:
        key = (backlog.session_id, backlog.epoch)
        if self._backlogs.get(key) is not backlog:
            return
        del self._backlogs[key]
        with contextlib.suppress(FileNotFoundError):
            if backlog.refused:
                backlog.path.rename(backlog.path.with_suffix(REFUSED_SUFFIX))
            else:
                backlog.path.unlink()


def _is_outage(error: Exception) -> bool:
    return isinstance(error, Refusal) and error.kind is Kind.UNAVAILABLE
