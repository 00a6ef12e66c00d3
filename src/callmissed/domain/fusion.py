"""One list of passages out of two: those found by their words, and those found by their meaning."""

from collections.abc import Sequence
from dataclasses import replace

from callmissed.domain.knowledge import Found

SMOOTHING = 60
"""Of reciprocal rank fusion (Cormack, Clarke, Büttcher 2009): how little the first places count for
more than the next."""


def fuse(by_words: Sequence[Found], by_meaning: Sequence[Sequence[Found]]) -> list[Found]:
    """Best first; `by_meaning` has a list for each model. Each list gives a passage 1 / (60 + its
    place) points; with equal points the one found by words stands first. Rows told together count
    for each of them, once. A row that words put first stays first: what a table holds under a name
    is asked for by that name, and its neighbours mean about the same.
    """
    if not any(by_meaning):
        return list(by_words)
    fused = [replace(one, score=_points(place)) for place, one in enumerate(by_words, 1)]
    for listed in by_meaning:
        for place, one in enumerate(listed, 1):
            _put(fused, one, _points(place))
    named = fused[0] if by_words and by_words[0].passage.record is not None else None
    return sorted(fused, key=lambda one: (one is not named, -one.score))


def _put(fused: list[Found], one: Found, points: float) -> None:
    number = next((n for n, other in enumerate(fused) if _holds(other, one)), None)
    if number is None:
        fused.append(replace(one, score=points))
    elif fused[number].similarity is None:
        known = fused[number]
        fused[number] = replace(known, score=known.score + points, similarity=one.similarity)


def _points(place: int) -> float:
    return 1 / (SMOOTHING + place)


def _holds(one: Found, other: Found) -> bool:
    first, second = one.passage, other.passage
    if (first.document, first.heading) != (second.document, second.heading):
        return False
    return second.text == first.text or second.text in first.text.split("\n")
