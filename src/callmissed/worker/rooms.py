"""Rooms of running calls that the media server has forgotten are made again, at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from callmissed.domain.errors import Refusal
from callmissed.providers.livekit_server import Rooms

TRY_EVERY_S = 0.1
GIVE_UP_S = 30.0

log = structlog.get_logger("callmissed.worker.rooms")


class RoomKeeper:
    """`runs` says whether a session runs in this worker, `is_open` whether the database knows it as
    open (raises Refusal while it is away). The room of a call that has ended is not left behind:
    its token would open it again.
    """

    def __init__(
        self,
        rooms: Rooms,
        runs: Callable[[UUID], bool],
        is_open: Callable[[UUID], Awaitable[bool]],
    ) -> None:
        self._rooms = rooms
        self._runs = runs
        self._is_open = is_open
        self._lost: dict[UUID, tuple[str, float]] = {}
        self._made: dict[UUID, str] = {}
        self._wake = asyncio.Event()

    def note_lost(self, session_id: UUID, room: str) -> None:
        """Asked again and again it is one wish."""
        self._lost.setdefault(session_id, (room, time.monotonic() + GIVE_UP_S))
        self._wake.set()

    async def run(self) -> None:
        """Makes rooms for ever; while the server is away it is asked ten times a second."""
        while True:
            await self._wake.wait()
            for session_id, (room, until_s) in list(self._lost.items()):
                is_vain = not self._runs(session_id) or time.monotonic() > until_s
                if is_vain or await self._restore(session_id, room):
                    del self._lost[session_id]
            for session_id, room in list(self._made.items()):
                if await self._is_rightly_there(session_id, room):
                    del self._made[session_id]
            if self._lost or self._made:
                await asyncio.sleep(TRY_EVERY_S)
            else:
                self._wake.clear()

    async def _restore(self, session_id: UUID, room: str) -> bool:
        try:
            await self._rooms.create_room(room)
        except Refusal:
            return False
        self._made[session_id] = room
        log.info("room_restored", session_id=str(session_id))
        return True

    async def _is_rightly_there(self, session_id: UUID, room: str) -> bool:
        """Whoever ends the call from now on deletes the room; one that ended before is deleted
        here. False while that cannot be done.
        """
        try:
            if not await self._is_open(session_id):
                await self._rooms.delete_room(room)
        except Refusal:
            return False
        return True
