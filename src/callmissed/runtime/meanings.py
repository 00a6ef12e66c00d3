"""What questions mean: asked of embedding models once, however often a question is asked again."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from callmissed.domain.knowledge import Semantics
from callmissed.domain.models import Service
from callmissed.domain.usage import Measure, Usage
from callmissed.kit.breaker import Breaker
from callmissed.kit.directions import Direction
from callmissed.kit.token_estimate import estimate_tokens
from callmissed.providers.connections import Connections
from callmissed.providers.openai.embeddings import Embedder, EmbeddingError
from callmissed.services.retrieval import Meaning

MAX_KEPT = 500

_Place = tuple[UUID, str, str, str]


@dataclass(frozen=True, slots=True)
class _Answer:
    direction: Direction
    least_similarity: float
    usage: Usage


class Meanings:
    """Made once a process. The words are held in memory only, the last `MAX_KEPT` of them.

    The guess at a question and the question itself are one request; whoever stops waiting leaves it
    running for the next who asks.
    """

    def __init__(self, connections: Callable[[], Connections]) -> None:
        self._connections = connections
        self._asked: dict[_Place, asyncio.Task[_Answer]] = {}
        self._breakers: dict[tuple[str, str], Breaker] = {}

    async def find(
        self, tenant_id: UUID, semantics: Semantics, words: str
    ) -> tuple[Meaning, tuple[Usage, ...]]:
        """With what the model delivered, told once to whoever asked it first.

        Raises EmbeddingError, at once where the model is left alone after failures in a row."""
        base_url = semantics.access.provider.base_url
        place = (tenant_id, semantics.model.id, base_url, words)
        task = self._asked.get(place)
        is_first = task is None
        if task is None:
            breaker = self._breaker_of(semantics)
            if not breaker.allows():
                raise EmbeddingError("The model is left alone for a while.", is_passing=True)
            task = asyncio.create_task(self._ask(semantics, words, breaker))
            self._keep(place, task)
        answer = await asyncio.shield(task)
        meaning = Meaning(
            semantics.base_ids, semantics.model.id, answer.direction, answer.least_similarity
        )
        return meaning, (answer.usage,) if is_first else ()

    async def aclose(self) -> None:
        """Nobody waits for an answer any more."""
        tasks, self._asked = list(self._asked.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, semantics: Semantics, words: str, breaker: Breaker) -> _Answer:
        session = self._connections().session_of(semantics.access)
        embedder = Embedder(semantics.model, semantics.access, session)
        try:
            embedded = await embedder.embed_question(words)
        except EmbeddingError:
            breaker.failed()
            raise
        breaker.succeeded()
        tokens = embedded.token_count or estimate_tokens(words)
        usage = Usage(
            Service.EMBEDDING,
            semantics.model.id,
            Measure.INPUT_TOKENS,
            tokens,
            is_estimate=not embedded.token_count,
        )
        return _Answer(embedded.directions[0], embedder.least_similarity, usage)

    def _keep(self, place: _Place, task: asyncio.Task[_Answer]) -> None:
        while len(self._asked) >= MAX_KEPT:
            del self._asked[next(iter(self._asked))]
        self._asked[place] = task

        def forget_failure(done: asyncio.Task[_Answer]) -> None:
            failed = done.cancelled() or done.exception() is not None
            if failed and self._asked.get(place) is done:
                del self._asked[place]

        task.add_done_callback(forget_failure)

    def _breaker_of(self, semantics: Semantics) -> Breaker:
        key = (semantics.model.id, semantics.access.owner)
        return self._breakers.setdefault(key, Breaker(time.monotonic))
