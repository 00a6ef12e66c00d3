"""The desk of one call: answers what the call asks while it runs."""

import time
from collections.abc import Sequence

from callmissed.domain.knowledge import Found, Passage, Retrieval
from callmissed.kit.lexical import Entry, LexicalIndex

MAX_FOUND = 4


class PassageDesk:
    """Retrieves from passages held in memory: about a millisecond, no outside call."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = tuple(passages)
        self._index = LexicalIndex(
            [Entry(title=passage.heading, body=passage.text) for passage in self._passages]
        )

    async def retrieve(self, words: str) -> Retrieval:
        """The passages that share words with the question, best first."""
        start_s = time.perf_counter()
        hits = self._index.search(words, limit=MAX_FOUND) if self._passages else []
        found = tuple(Found(self._passages[hit.position], hit.score) for hit in hits)
        return Retrieval(found=found, took_ms=(time.perf_counter() - start_s) * 1000)
