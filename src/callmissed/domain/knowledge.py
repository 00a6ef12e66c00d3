"""Passages: pieces of a tenant's documents, small enough to be spoken from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Passage:
    """`heading` is the path of headings above the text, joined by " › "."""

    document: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """A passage with its score; higher is better, comparable only within one answer."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What was found for one turn, best first, and how long that took in ms."""

    found: tuple[Found, ...]
    took_ms: float
