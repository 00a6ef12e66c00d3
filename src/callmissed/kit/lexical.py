"""Find the texts that share words with a question, also where a word was misheard."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One text to be found; words of `title` weigh more than words of `body`."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Hit:
    """`position` is the index of the entry; scores compare only within one search, higher is
    better.
    """

    position: int
    score: float


class LexicalIndex:
    """Built once over some entries, then searched; unchanging, safe to share between tasks."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = tuple(entries)

    def search(self, words: str, limit: int = 5) -> list[Hit]:
        """The best entries first; empty where no word of the question occurs, even misheard, in
        any of them.
        """
        raise NotImplementedError
