"""The documents of large knowledge bases, as calls look into them: read only, and not for long."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from uuid import UUID

import structlog

from callmissed.domain.errors import Refusal
from callmissed.domain.fusion import fuse
from callmissed.domain.knowledge import NOT_IN_TIME, NOT_REACHED, Found, Retrieval, Semantics
from callmissed.domain.usage import Usage
from callmissed.kit.looking_up import look_up
from callmissed.providers.connections import Connections
from callmissed.providers.openai.embeddings import EmbeddingError
from callmissed.runtime.meanings import Meanings
from callmissed.services import retrieval
from callmissed.store.database import Database
from callmissed.store.passages import Shelf

WITHIN_S = 0.25
SHELF_KEPT_S = 30.0
CONNECTIONS = 4
MAX_SHELVES = 500

Search = Coroutine[Any, Any, list[Found]]
Task = asyncio.Future[list[Found]]

log = structlog.get_logger("callmissed.runtime.library")


class Library:
    """Made once a call process. `url` is the database's; nothing is ever written through it.
    `connections` lead to embedding models, whose questions are asked beside the database's.
    """

    def __init__(
        self, url: str, connections: Callable[[], Connections], *, within_s: float = WITHIN_S
    ) -> None:
        self._database = Database(url, pool_size=CONNECTIONS, overflow=0, is_read_only=True)
        self._meanings = Meanings(connections)
        self._within_s = within_s
        self._left: set[Task] = set()
        self._shelves: dict[tuple[UUID, tuple[UUID, ...]], tuple[float, Shelf]] = {}

    async def search(
        self,
        tenant_id: UUID,
        base_ids: Sequence[UUID],
        words: str,
        earlier: Sequence[str],
        limit: int,
        semantics: Sequence[Semantics] = (),
    ) -> Retrieval:
        """Answers within `within_s` with what was found by then; what went wrong stands in `missed`
        and `partly_missed`.
        """
        start_s = time.perf_counter()
        searches: list[Search] = [self._search(tenant_id, tuple(base_ids), words, earlier)]
        asked = retrieval.words_to_embed(words, earlier) if semantics else ""
        usage: list[Usage] = []
        searches += [self._search_meaning(tenant_id, one, asked, usage) for one in semantics]
        tasks = [asyncio.ensure_future(search) for search in searches]
        try:
            await asyncio.wait(tasks, timeout=self._within_s)
        finally:
            self._leave(tasks)
        (by_words, missed), *others = [_outcome_of(task) for task in tasks]
        partly_missed = next((f"meaning_{one}" for _, one in others if one), None)
        found = fuse(by_words, [one for one, _ in others])
        if found and missed:
            missed, partly_missed = None, f"words_{missed}"
        took_ms = (time.perf_counter() - start_s) * 1000
        return Retrieval(tuple(found[:limit]), took_ms, missed, partly_missed, tuple(usage))

    async def warm(self) -> None:
        """One connection is open afterwards, where the database answers."""
        try:
            async with self._database.tenant(UUID(int=0)):
                return
        except Refusal:
            log.warning("library_not_reached")

    async def aclose(self) -> None:
        await asyncio.gather(*self._left, return_exceptions=True)
        await self._meanings.aclose()
        await self._database.dispose()

    def _leave(self, tasks: Sequence[Task]) -> None:
        """Nobody waits for what is not done; it ends by itself."""
        for task in tasks:
            if task.cancel():
                self._left.add(task)
                task.add_done_callback(self._left.discard)

    async def _search(
        self,
        tenant_id: UUID,
        base_ids: tuple[UUID, ...],
        words: str,
        earlier: Sequence[str],
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
            return await retrieval.search_shelf(db, shelf, lookup)

    async def _search_meaning(
        self, tenant_id: UUID, semantics: Semantics, words: str, usage: list[Usage]
    ) -> list[Found]:
        """What the model delivered is put into `usage`."""
        if not words.strip():
            return []
        meaning, delivered = await self._meanings.find(tenant_id, semantics, words)
        usage += delivered
        async with self._database.tenant(tenant_id) as db:
            return await retrieval.search_meaning(db, meaning)


def _outcome_of(task: Task) -> tuple[list[Found], str | None]:
    """What a search found, and why not."""
    if not task.done() or task.cancelled():
        return [], NOT_IN_TIME
    error = task.exception()
    if error is None:
        return task.result(), None
    if not isinstance(error, Refusal | EmbeddingError):
        log.error("retrieval_failed", error=type(error).__name__)
    return [], NOT_REACHED
