"""The desk of one call: answers what the call asks while it runs."""

import time
from collections.abc import Callable, Sequence

from callmissed.domain.calls import CallDesk, CallTerms
from callmissed.domain.knowledge import Found, Passage, Retrieval, join_rows
from callmissed.domain.tools import ToolCall, ToolResult
from callmissed.kit.lexical import Entry, LexicalIndex
from callmissed.kit.looking_up import look_up
from callmissed.runtime.library import Library
from callmissed.runtime.tools import NoTools, Tools

MAX_FOUND = 4
RANKED = 16

AskForRoom = Callable[[], None]


class PassageDesk:
    """Retrieves from passages held in memory: about a millisecond, no outside call.
    `ask_for_room` asks for the call's room to be made again; it must not wait.
    """

    def __init__(
        self,
        passages: Sequence[Passage],
        ask_for_room: AskForRoom | None = None,
        tools: Tools | None = None,
    ) -> None:
        self._passages = tuple(passages)
        self._tools = tools or NoTools()
        self._ask_for_room = ask_for_room
        self._index = LexicalIndex(
            [
                Entry(title=one.heading, body=one.text, is_record=one.record is not None)
                for one in self._passages
            ]
        )

    async def retrieve(self, words: str, earlier: Sequence[str] = ()) -> Retrieval:
        """The passages that share words with the question, best first."""
        start_s = time.perf_counter()
        terms = look_up(words, earlier).terms if self._passages else ()
        hits = self._index.search_terms(terms, limit=RANKED)
        found = join_rows([Found(self._passages[hit.position], hit.score) for hit in hits])
        took_ms = (time.perf_counter() - start_s) * 1000
        return Retrieval(found=tuple(found[:MAX_FOUND]), took_ms=took_ms)

    async def run_tool(self, call: ToolCall) -> ToolResult:
        """One of the call's own, or a refusal."""
        return await self._tools.run_tool(call)

    def restore_room(self) -> None:
        """Asks whoever can make rooms, where there is one."""
        if self._ask_for_room is not None:
            self._ask_for_room()


class LibraryDesk:
    """Retrieves from the knowledge bases of `terms`, which are too large to be taken along."""

    def __init__(
        self,
        terms: CallTerms,
        library: Library,
        ask_for_room: AskForRoom | None = None,
        tools: Tools | None = None,
    ) -> None:
        self._terms = terms
        self._tools = tools or NoTools()
        self._library = library
        self._ask_for_room = ask_for_room

    async def retrieve(self, words: str, earlier: Sequence[str] = ()) -> Retrieval:
        """Within the library's deadline; what went wrong stands in the answer."""
        terms = self._terms
        return await self._library.search(
            terms.tenant_id,
            terms.library_base_ids,
            words,
            earlier,
            MAX_FOUND,
            terms.semantics,
        )

    async def run_tool(self, call: ToolCall) -> ToolResult:
        """One of the call's own, or a refusal."""
        return await self._tools.run_tool(call)

    def restore_room(self) -> None:
        """Asks whoever can make rooms, where there is one."""
        if self._ask_for_room is not None:
            self._ask_for_room()


def open_desk(
    terms: CallTerms,
    library: Library | None,
    ask_for_room: AskForRoom | None = None,
    tools: Tools | None = None,
) -> CallDesk:
    """The desk that fits how much the call's bot knows."""
    if terms.library_base_ids and library is not None:
        return LibraryDesk(terms, library, ask_for_room, tools)
    return PassageDesk(terms.passages, ask_for_room, tools)
