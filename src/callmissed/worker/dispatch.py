"""What the parent does with the database: it tells that it lives, claims sessions, and passes
orders on.
"""

import json
from dataclasses import replace
from uuid import UUID

import structlog

from callmissed.domain.calls import OrderKind
from callmissed.domain.errors import Refusal
from callmissed.domain.sessions import EndReason
from callmissed.domain.workers import Claim, Worker
from callmissed.runtime.house import House
from callmissed.runtime.shipping import Shipper
from callmissed.runtime.wire import Start
from callmissed.services import calls, workers
from callmissed.services.sessions import ORDERS_CHANNEL, SESSIONS_CHANNEL
from callmissed.worker.fleet import Fleet
from callmissed.worker.rounds import Bells

log = structlog.get_logger("callmissed.worker.dispatch")


class Dispatcher:
    """Gives this worker's sessions to its call processes."""

    def __init__(
        self, house: House, worker: Worker, fleet: Fleet, shipper: Shipper, bells: Bells
    ) -> None:
        self._house = house
        self._worker = worker
        self._fleet = fleet
        self._shipper = shipper
        self._bells = bells
        self._known = False
        self._to_start: dict[UUID, Claim] = {}

    @property
    def free_slots(self) -> int:
        return max(0, self._fleet.free_slots - len(self._to_start))

    async def beat(self) -> None:
        """Renews the worker and the leases of its sessions, from its first ready process on.

        Raises Refusal while the database is away.
        """
        if not self._fleet.was_ready:
            return
        try:
            async with self._house.database.system() as db:
                if not await workers.beat(db, self._worker.id, self.free_slots):
                    await workers.register(db, self._worker)
                    await workers.beat(db, self._worker.id, self.free_slots)
        except Refusal:
            self._known = False
            raise
        self._known = True

    async def claim(self) -> None:
        """Claims what there are free slots for, and starts it. A worker that could not beat claims
        nothing.
        """
        if self._known and self.free_slots > 0:
            async with self._house.database.system() as db:
                claims = await calls.claim_sessions(db, self._worker.id, self.free_slots)
            self._to_start.update({claim.session_id: claim for claim in claims})
        for claim in list(self._to_start.values()):
            await self._start(claim)

    async def obey_announcements(self) -> None:
        """Listens for new sessions and for orders to those that run here, for ever."""
        announced = self._house.database.listen(SESSIONS_CHANNEL, ORDERS_CHANNEL)
        async for channel, payload in announced:
            if channel == SESSIONS_CHANNEL:
                self._bells.claim.set()
            else:
                self._obey(payload)

    async def retire(self) -> None:
        """The database no longer counts on this worker; what it claimed and did not start is free
        for others.
        """
        async with self._house.database.system() as db:
            await workers.retire(db, self._worker.id)

    async def _start(self, claim: Claim) -> None:
        if self._fleet.runs(claim.session_id):
            # It was ours, was lost while we could not beat, and came back under a new epoch: the
            # old run must go.
            self._fleet.end(claim.session_id, EndReason.ERROR)
            return
        try:
            async with self._house.database.system() as db:
                terms = await calls.load_terms(db, self._house.vault, claim)
        except LookupError:
            del self._to_start[claim.session_id]
            return
        if self._fleet.free_slots < 1:
            return
        del self._to_start[claim.session_id]
        token = self._house.rooms.agent_token(terms.room)
        terms = replace(terms, room_url=self._house.settings.livekit_url, room_token=token)
        self._fleet.place(Start(self._shipper.expect(claim.session_id, claim.epoch), terms))

    def _obey(self, payload: str) -> None:
        try:
            order = json.loads(payload)
            if order["kind"] == OrderKind.END:
                self._fleet.end(UUID(order["session_id"]), EndReason(order["reason"]))
        except (KeyError, TypeError, ValueError):
            log.warning("order_not_understood", bytes=len(payload))
