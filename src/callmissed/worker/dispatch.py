"""What the parent does with the database: it tells that it lives, claims sessions, and passes
orders on.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

import structlog

from callmissed.domain.calls import OrderKind
from callmissed.domain.errors import Refusal
from callmissed.domain.sessions import EndReason
from callmissed.domain.workers import Claim, Report, Standing, Worker
from callmissed.kit.host_load import free_disk_share, free_memory_share
from callmissed.runtime.house import House
from callmissed.runtime.shipping import Shipper
from callmissed.runtime.wire import Start
from callmissed.services import calls, workers
from callmissed.services.sessions import ORDERS_CHANNEL, SESSIONS_CHANNEL
from callmissed.worker.admission import HostLoad, find_shortage
from callmissed.worker.deaths import Deaths, Loss
from callmissed.worker.fleet import Fleet
from callmissed.worker.rounds import Bells

FIRST_EPOCH = 1
# Each holds a connection of the pool while it reads the call's terms.
STARTS_AT_ONCE = 4
KEEPS_DYING = "One process after the other died under this call."

log = structlog.get_logger("callmissed.worker.dispatch")


class Dispatcher:
    """Gives this worker's sessions to its call processes. `on_drain` is called when the database
    asks the worker to drain, `restore_room` for each call that is taken over.
    """

    def __init__(
        self,
        house: House,
        worker: Worker,
        fleet: Fleet,
        shipper: Shipper,
        bells: Bells,
        on_drain: Callable[[], None],
        restore_room: Callable[[UUID, str], None],
    ) -> None:
        self._house = house
        self._worker = worker
        self._fleet = fleet
        self._shipper = shipper
        self._bells = bells
        self._on_drain = on_drain
        self._restore_room = restore_room
        self._known = False
        self._to_start: dict[UUID, Claim] = {}
        self._starting: set[UUID] = set()
        self._starts = asyncio.Semaphore(STARTS_AT_ONCE)
        self._resumed: dict[UUID, float] = {}
        self._deaths = Deaths()
        self._idle: dict[UUID, int] = {}
        self._shortage: str | None = None

    @property
    def free_slots(self) -> int:
        if self._shortage:
            return 0
        return max(0, self._fleet.free_slots - len(self._to_start))

    async def beat(self) -> None:
        """Renews the worker and the leases of its sessions, and sees what the database says of
        them. It takes calls from its first ready process on.

        Raises Refusal while the database is away.
        """
        self._look_at_host()
        running = self._fleet.running
        slots = self._worker.slots if self._fleet.was_ready else 0
        report = Report(slots, self.free_slots, self._fleet.lag_ms, running)
        try:
            async with self._house.database.system() as db:
                standing = await workers.beat(db, self._worker.id, report)
                if standing is None:
                    await workers.register(db, replace(self._worker, slots=slots))
                    standing = await workers.beat(db, self._worker.id, report)
        except Refusal:
            self._known = False
            raise
        self._known = standing is not None
        if standing is not None:
            self._reconcile(standing, running)

    async def claim(self) -> None:
        """Claims what there are free slots for, and starts it. A worker that could not beat claims
        nothing.
        """
        if self._known and self.free_slots > 0:
            async with self._house.database.system() as db:
                claims = await calls.claim_sessions(db, self._worker.id, self.free_slots)
            self._to_start.update({claim.session_id: claim for claim in claims})
        await self._start_claimed()

    async def see_to_lost(self) -> None:
        """Sessions whose process died go on in another one at once; where there is none they are
        left to whoever can run them. What they said before is in the database first.
        """
        lost, seen_s = dict(self._fleet.lost), time.monotonic()
        if not lost or not await self._shipper.ship_once():
            return
        may_go_on = {one: self._deaths.note_death(one, loss) for one, loss in lost.items()}
        others = {one: loss.epoch for one, loss in lost.items() if may_go_on[one]}
        hopeless = {one: loss.epoch for one, loss in lost.items() if not may_go_on[one]}
        claims: list[Claim] = []
        async with self._house.database.system() as db:
            if hopeless:
                await calls.give_up(db, self._worker.id, hopeless, KEEPS_DYING)
            if self._fleet.has_ready:
                claims = await calls.take_over(db, self._worker.id, others)
            else:
                await calls.give_back(db, self._worker.id, others)
        self._resumed |= {claim.session_id: seen_s for claim in claims}
        self._to_start.update({claim.session_id: claim for claim in claims})
        for session_id, loss in lost.items():
            if self._fleet.lost.get(session_id) == loss:
                del self._fleet.lost[session_id]
        await self._start_claimed()

    async def obey_announcements(self) -> None:
        """Listens for new sessions and for orders to those that run here, for ever."""
        announced = self._house.database.listen(SESSIONS_CHANNEL, ORDERS_CHANNEL)
        async for channel, payload in announced:
            if channel == SESSIONS_CHANNEL:
                self._bells.claim.set()
            else:
                self._obey(payload)

    async def is_open(self, session_id: UUID) -> bool:
        """Raises Refusal while the database is away."""
        async with self._house.database.system() as db:
            return await calls.is_open(db, session_id)

    async def retire(self, worker_id: UUID | None = None) -> None:
        """The database no longer counts on this worker (or on that dead one); what it held is free
        for others.
        """
        async with self._house.database.system() as db:
            await workers.retire(db, worker_id or self._worker.id)

    def _look_at_host(self) -> None:
        load = HostLoad(free_memory_share(), free_disk_share(self._shipper.folder))
        if (shortage := find_shortage(load)) != self._shortage:
            log.warning("host_load_changed", reason=shortage)
        self._shortage = shortage

    def _reconcile(self, standing: Standing, running: Mapping[UUID, int]) -> None:
        """A run that another has overtaken goes, one whose end was announced in vain ends; a
        session that we hold and do not run, in two beats one after the other, is lost.
        """
        for session_id in standing.overtaken:
            self._fleet.overtake(session_id)
        for session_id, reason in standing.ended.items():
            self._fleet.end(session_id, reason)
        idle = {
            claim.session_id: claim.epoch
            for claim in standing.holds
            if not self._accounts_for(claim.session_id) and claim.session_id not in running
        }
        lost = {one: epoch for one, epoch in idle.items() if self._idle.get(one) == epoch}
        self._idle = idle
        if lost:
            log.warning("held_sessions_not_running", count=len(lost))
            self._fleet.lost.update({one: Loss(epoch) for one, epoch in lost.items()})
            self._bells.lost.set()
        if standing.asked_to_drain:
            self._on_drain()

    def _accounts_for(self, session_id: UUID) -> bool:
        known = (self._fleet.running, self._fleet.lost, self._to_start)
        return any(session_id in each for each in known) or self._shipper.awaits(session_id)

    async def _start_claimed(self) -> None:
        """All at once; one that cannot be started keeps none of the others back. Where no process
        is left, they are left to whoever can run them. Raises what the first of them raised.
        """
        if self._to_start and not self._fleet.has_ready:
            await self._let_go()
            return
        due = [one for one in self._to_start.values() if one.session_id not in self._starting]
        self._starting |= {claim.session_id for claim in due}
        for outcome in await asyncio.gather(*map(self._start, due), return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _let_go(self) -> None:
        claims = {one.session_id: one.epoch for one in self._to_start.values()}
        async with self._house.database.system() as db:
            await calls.give_back(db, self._worker.id, claims)
        for claim in list(self._to_start.values()):
            if claims.get(claim.session_id) == claim.epoch:
                self._forget(claim)

    async def _start(self, claim: Claim) -> None:
        try:
            await self._place(claim)
        finally:
            self._starting.discard(claim.session_id)

    async def _place(self, claim: Claim) -> None:
        session_id = claim.session_id
        if self._fleet.runs(session_id):
            # It was ours, was lost while we could not beat, and came back under a new epoch: the
            # old run must go.
            self._fleet.overtake(session_id)
            return
        if not self._fleet.has_ready:
            return
        try:
            async with self._starts, self._house.database.system() as db:
                terms = await calls.load_terms(db, self._house.vault, claim)
        except LookupError:
            self._forget(claim)
            return
        token = self._house.rooms.agent_token(terms.room)
        terms = replace(terms, room_url=self._house.settings.livekit_url, room_token=token)
        journal = self._shipper.expect(session_id, claim.epoch)
        if self._fleet.place(Start(journal, terms), over_slots=session_id in self._resumed):
            self._note_resumed(claim)
            self._forget(claim)
            self._deaths.note_begin(session_id, claim.epoch)
            if claim.epoch > FIRST_EPOCH:
                # The media server may have died with whoever ran the call before.
                self._restore_room(session_id, terms.room)
        else:
            self._shipper.abandon(session_id, claim.epoch)

    def _forget(self, claim: Claim) -> None:
        if self._to_start.get(claim.session_id) == claim:
            del self._to_start[claim.session_id]
            self._resumed.pop(claim.session_id, None)

    def _note_resumed(self, claim: Claim) -> None:
        if (seen_s := self._resumed.get(claim.session_id)) is not None:
            took_ms = round((time.monotonic() - seen_s) * 1000)
            session_id = str(claim.session_id)
            log.info("call_given_on", session_id=session_id, epoch=claim.epoch, took_ms=took_ms)

    def _obey(self, payload: str) -> None:
        try:
            order = json.loads(payload)
            if order["kind"] == OrderKind.END:
                self._fleet.end(UUID(order["session_id"]), EndReason(order["reason"]))
        except (KeyError, TypeError, ValueError):
            log.warning("order_not_understood", bytes=len(payload))
