"""The desk of one call: answers what the call asks while it runs."""

import time
from collections.abc import Callable, Sequence

from callmissed.domain.knowledge import Found, Passage, Retrieval
from callmissed.kit.lexical import Entry, LexicalIndex

MAX_FOUND = 4


class PassageDesk:
    """Retrieves from passages held in memory: about a millisecond, no outside call.
    `ask_for_room` asks for the call's room to be made again; it must not wait.
    """

    def __init__(
        self, passages: Sequence[Passage], ask_for_room: Callable[[], None] | None = None
    ) -> None:
        self._passages = tuple(passages)
        self._ask_for_room = ask_for_room
        self._index = LexicalIndex(
            [Entry(title=passage.heading, body=passage.text) for passage in self._passages]
        )

    async def retrieve(self, words: str) -> Retrieval:
        """The passages that share words with the question, best first."""
        start_s = time.perf_counter()
        hits = self._index.search(words, limit=MAX_FOUND) if self._passages else []
        found = tuple(Found(self._passages[hit.position], hit.score) for hit in hits)
        return Retrieval(found=found, took_ms=(time.perf_counter() - start_s) * 1000)

    def restore_room(self) -> None:
        """Asks whoever can make rooms, where there is one."""
        if self._ask_for_room is not None:
            self._ask_for_room()
