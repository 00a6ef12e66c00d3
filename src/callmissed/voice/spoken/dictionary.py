"""The pronunciation dictionary of a tenant or a bot: what is written, and how it shall be said.

An entry matches whole words, whatever their case unless the entry itself has capitals; the longest
entry wins; what an entry says no rule changes. Entries may be several words long.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from callmissed.voice.spoken.chunks import core_of
from callmissed.voice.spoken.scripts import MARKS, plain_text

WORD = rf"\w{MARKS}"
MOST_CHARS = 200


@lru_cache(maxsize=256)
def dictionary_of(entries: tuple[tuple[str, str], ...]) -> "Dictionary":
    """The entries made ready; the same entries are made ready once, not once a turn."""
    return Dictionary(dict(entries))


class Dictionary:
    """The entries, ready to be looked for in text and in a stream of words."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._said: dict[str, str] = {}
        exact: list[str] = []
        loose: list[str] = []
        for written, said in entries.items():
            key = " ".join(plain_text(written).split())
            if not key or len(key) > MOST_CHARS:
                continue
            has_capitals = key != key.lower()
            self._said[key if has_capitals else key.lower()] = " ".join(said.split())
            (exact if has_capitals else loose).append(key)
        self.pattern = _pattern(exact, loose)
        phrases = [tuple(core_of(word).lower() for word in key.split()) for key in (*exact, *loose)]
        self._first_words = frozenset(phrase[0] for phrase in phrases)
        self._phrases = frozenset(phrase for phrase in phrases if len(phrase) > 1)
        self._beginnings = frozenset(
            phrase[:length] for phrase in phrases for length in range(1, len(phrase))
        )

    def said(self, written: str) -> str | None:
        """How a match shall be said."""
        key = " ".join(written.split())
        found = self._said.get(key)
        return self._said.get(key.lower()) if found is None else found

    def has_word(self, core: str) -> bool:
        """Whether an entry may begin with this word."""
        return core.lower().partition("'")[0] in self._first_words

    def goes_on(self, cores: list[str]) -> bool:
        """Whether the last words may be the beginning of an entry of more words."""
        return bool(self._beginnings) and any(tail in self._beginnings for tail in _tails(cores))

    def joins(self, cores: list[str]) -> bool:
        """Whether the last words belong together: the beginning or the whole of an entry."""
        return bool(self._phrases) and any(
            tail in self._phrases or tail in self._beginnings
            for tail in _tails(cores)
            if len(tail) > 1
        )


def _tails(cores: list[str]) -> list[tuple[str, ...]]:
    lower = [core.lower() for core in cores]
    return [tuple(lower[start:]) for start in range(len(lower))]


def _pattern(exact: list[str], loose: list[str]) -> re.Pattern[str] | None:
    if not exact and not loose:
        return None
    every = sorted(
        [*[(key, False) for key in exact], *[(key, True) for key in loose]],
        key=lambda key: -len(key[0]),
    )
    parts = []
    for key, is_loose in every:
        body = r"\s+".join(re.escape(word) for word in key.split())
        parts.append(f"(?i:{body})" if is_loose else body)
    return re.compile(f"(?<![{WORD}])(?:{'|'.join(parts)})(?![{WORD}])")
