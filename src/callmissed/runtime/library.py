"""The documents of large knowledge bases, as calls look into them: read only, and not for long."""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import structlog

from callmissed.domain.errors import Refusal
from callmissed.domain.knowledge import NOT_IN_TIME, NOT_REACHED, Found, Retrieval
from callmissed.kit.looking_up import look_up
from callmissed.services import retrieval
from callmissed.store.database import Database
from callmissed.store.passages import Shelf

WITHIN_S = 0.25
SHELF_KEPT_S = 30.0
CONNECTIONS = 4
MAX_SHELVES = 500

log = structlog.get_logger("callmissed.runtime.library")


class Library:
    """Made once a call process. `url` is the database's; nothing is ever written through it."""

    def __init__(self, url: str, *, within_s: float = WITHIN_S) -> None:
        self._database = Database(url, pool_size=CONNECTIONS, overflow=0, is_read_only=True)
        self._within_s = within_s
        self._shelves: dict[tuple[UUID, tuple[UUID, ...]], tuple[float, Shelf]] = {}

    async def search(
        self,
        tenant_id: UUID,
        base_ids: Sequence[UUID],
        words: str,
        earlier: Sequence[str],
        limit: int,
    ) -> Retrieval:
        """Answers within `within_s`; what went wrong stands in `missed`."""
        start_s = time.perf_counter()
        found: list[Found] = []
        missed: str | None = None
        try:
            async with asyncio.timeout(self._within_s):
                found = await self._search(tenant_id, tuple(base_ids), words, earlier, limit)
        except TimeoutError:
            missed = NOT_IN_TIME
        except Refusal:
            missed = NOT_REACHED
        except Exception as error:
            log.error("retrieval_failed", error=type(error).__name__)
            missed = NOT_REACHED
        return Retrieval(tuple(found), (time.perf_counter() - start_s) * 1000, missed)

    async def warm(self) -> None:
        """One connection is open afterwards, where the database answers."""
        try:
            async with self._database.tenant(UUID(int=0)):
                return
        except Refusal:
            log.warning("library_not_reached")

    async def aclose(self) -> None:
        await self._database.dispose()

    async def _search(
        self,
        tenant_id: UUID,
        base_ids: tuple[UUID, ...],
        words: str,
        earlier: Sequence[str],
        limit: int,
    ) -> list[Found]:
        lookup = look_up(words, earlier)
        if not lookup.terms:
            return []
        async with self._database.tenant(tenant_id) as db:
            key, now_s = (tenant_id, base_ids), time.monotonic()
            kept_s, shelf = self._shelves.get(key, (0.0, None))
            if shelf is None or now_s - kept_s > SHELF_KEPT_S:
                shelf = await retrieval.open_shelf(db, base_ids)
                if len(self._shelves) >= MAX_SHELVES:
                    self._shelves.clear()
                self._shelves[key] = (now_s, shelf)
            return await retrieval.search_shelf(db, shelf, lookup, limit)
