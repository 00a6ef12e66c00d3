"""Cuts text about as the tokenisers of language models do; no vendor's own."""

import re

_TOKEN = re.compile(r"\s?[^\W\d_]{1,6}|\s?\d{1,3}|\s?[^\w\s]|.", re.DOTALL)


def cut_tokens(text: str) -> list[str]:
    """Pieces of at most six letters or three digits, marks and signs alone; joined they are the
    text. A piece cut again is the same piece.
    """
    return _TOKEN.findall(text)


def estimate_tokens(text: str) -> int:
    return len(cut_tokens(text))
