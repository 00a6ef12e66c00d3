"""Cuts a growing text into pieces that can be spoken: one short clause first, whole sentences after
it."""

import re

LEAST_HURRIED_WORDS = 3
LONGEST_CLAUSE_WORDS = 14

_SENTENCE_END = re.compile(r"[.!?…।॥؟][\"'”’)\]]*(?=\s)")
_CLAUSE_END = re.compile(r"(?:[,;:،؛](?=\s)|(?<=[^\W\d_])[,;،؛]$|\s[–—-](?=\s)|—)")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:Mr|Mrs|Ms|Dr|Prof|St|No|Rs|vs|etc|e\.g|i\.e|[A-Z])\.$", re.IGNORECASE
)


class ClauseCutter:
    """For one reply. A piece is never cut inside a word or a number, and no text is lost or
    changed."""

    def __init__(self) -> None:
        self._rest = ""
        self._first = True

    @property
    def has_begun(self) -> bool:
        """Whether the first piece was cut."""
        return not self._first

    def push(self, text: str) -> list[str]:
        """The pieces that are complete now."""
        self._rest += text
        pieces: list[str] = []
        while (end := self._next_cut()) is not None:
            pieces.append(self._rest[:end])
            self._rest = self._rest[end:]
            self._first = False
        return pieces

    def flush(self) -> list[str]:
        """What is left at the end of the reply."""
        rest, self._rest = self._rest, ""
        return [rest] if rest.strip() else []

    def hurry(self) -> list[str]:
        """The first piece, where there are words enough for one though no mark ends them; nothing
        where the cut would part a number from what belongs to it."""
        words = self._rest.split()
        if not self._first or len(words) <= LEAST_HURRIED_WORDS:
            return []
        if not (_is_plain(words[-1]) and _is_plain(words[-2])):
            return []
        end = self._rest.rstrip().rfind(words[-1])
        piece, self._rest, self._first = self._rest[:end], self._rest[end:], False
        return [piece]

    def _next_cut(self) -> int | None:
        sentence = self._sentence_cut()
        if not self._first:
            return sentence
        for match in _CLAUSE_END.finditer(self._rest):
            if sentence is not None and match.end() >= sentence:
                break
            if self._rest[: match.end()].strip(" ,;:–—-"):
                return match.end()
        if sentence is None and len(self._rest.split()) > LONGEST_CLAUSE_WORDS:
            return self._rest.rstrip().rfind(" ")
        return sentence

    def _sentence_cut(self) -> int | None:
        for match in _SENTENCE_END.finditer(self._rest):
            before = self._rest[: match.start() + 1]
            if not _ABBREVIATION.search(before) and before.strip(" .!?…"):
                return match.end()
        return None


def _is_plain(word: str) -> bool:
    return not any(char.isdigit() or char in "₹$€£%@/#+" for char in word)
