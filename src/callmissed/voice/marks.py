"""Lets a clause go on its way with its mark, not with the word behind it."""

import re
from collections.abc import AsyncGenerator, AsyncIterable

_ENDS_CLAUSE = re.compile(r"[^\W\d_][,;?!،؛؟।॥]$")


def ends_clause(text: str) -> bool:
    """Whether it ends with a mark behind a letter, which no word or number goes on after."""
    return _ENDS_CLAUSE.search(text) is not None


async def part_marks(text: AsyncIterable[str]) -> AsyncGenerator[str, None]:
    """The same text, but a mark behind a letter is followed by its space at once.

    The engine's filter of Markdown holds a mark back until it has seen what follows: one token of
    the model's, before the first clause can be spoken.
    """
    owes_space = False
    async for delta in text:
        rest = delta[1:] if owes_space and delta.startswith(" ") else delta
        if delta:
            owes_space = ends_clause(rest)
        yield f"{rest} " if delta and owes_space else rest
