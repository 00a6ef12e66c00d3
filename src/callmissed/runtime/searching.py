"""Shows what a call would find in a knowledge base: patiently, and with the reasons."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from callmissed.domain.knowledge import NOT_IN_TIME, NOT_REACHED, Retrieval, Semantics
from callmissed.providers.connections import Connections
from callmissed.providers.openai.embeddings import EmbeddingError
from callmissed.runtime.meanings import Meanings
from callmissed.services import embedding, knowledge, retrieval
from callmissed.services.provider_keys import Vault
from callmissed.services.retrieval import Meaning
from callmissed.store.database import Database

MEANING_WITHIN_S = 2.0


class Searcher:
    """What the API's searches share."""

    def __init__(self, database: Database, connections: Connections, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._meanings = Meanings(lambda: connections)

    async def search(
        self, tenant_id: UUID, base_id: UUID, question: str, earlier: Sequence[str], limit: int
    ) -> Retrieval:
        """As a call would, with `why`; the question's meaning is waited for longer. Nothing is kept.

        Raises Refusal NOT_FOUND, UNAVAILABLE.
        """
        start_s = time.perf_counter()
        async with self._database.tenant(tenant_id) as db:
            await knowledge.get_base(db, base_id)
            semantics = await embedding.open_semantics(db, self._vault, tenant_id, [base_id])
        asked = retrieval.words_to_embed(question, earlier)
        outcomes = [await self._mean(tenant_id, one, asked) for one in semantics]
        meanings = [one for one, _ in outcomes if one is not None]
        partly_missed = next((f"meaning_{why}" for _, why in outcomes if why), None)
        async with self._database.tenant(tenant_id) as db:
            answer = await retrieval.search(db, [base_id], question, earlier, limit, meanings)
        took_ms = (time.perf_counter() - start_s) * 1000
        return replace(answer, took_ms=took_ms, partly_missed=partly_missed)

    async def aclose(self) -> None:
        await self._meanings.aclose()

    async def _mean(
        self, tenant_id: UUID, semantics: Semantics, words: str
    ) -> tuple[Meaning | None, str | None]:
        try:
            async with asyncio.timeout(MEANING_WITHIN_S):
                meaning, _ = await self._meanings.find(tenant_id, semantics, words)
                return meaning, None
        except TimeoutError:
            return None, NOT_IN_TIME
        except EmbeddingError:
            return None, NOT_REACHED
