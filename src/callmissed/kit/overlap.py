"""Two lists of words of which the second may begin with what the first ends with."""

import unicodedata
from collections.abc import Sequence

from rapidfuzz.fuzz import ratio

EQUAL = 2.0
ALIKE = 1.0
DIFFERENT = -2.0
MISSING = -1.5
LEAST_RATIO = 75.0
LEAST_LETTERS = 4


def count_repeated(before: Sequence[str], after: Sequence[str], most: int | None = None) -> int:
    """How many of the first words of `after` say again what `before` ends with.

    It is the best alignment of an end of `before` with a beginning of `after`, in which a word may
    be misheard or missing; 0 where none is better than chance. `most` bounds the answer. Case and
    punctuation count for nothing; numbers are never taken for one another.
    """
    limit = len(after) if most is None else min(most, len(after))
    heads = [fold_word(word) for word in after[:limit]]
    tails = [fold_word(word) for word in before[-2 * limit :]] if limit else []
    scores = [MISSING * count for count in range(limit + 1)]
    for tail in tails:
        corner, scores[0] = scores[0], 0.0
        for column, head in enumerate(heads, start=1):
            best = max(
                corner + _likeness(tail, head),
                scores[column] + MISSING,
                scores[column - 1] + MISSING,
            )
            corner, scores[column] = scores[column], best
    best_count = max(range(limit + 1), key=lambda count: (scores[count], count))
    return best_count if scores[best_count] > 0.0 else 0


def fold_word(word: str) -> str:
    """The letters, marks and digits of a word, without case."""
    text = unicodedata.normalize("NFKC", word).casefold()
    return "".join(char for char in text if unicodedata.category(char)[0] in "LMN")


def _likeness(one: str, other: str) -> float:
    if one == other:
        return EQUAL
    if min(len(one), len(other)) < LEAST_LETTERS or any(map(str.isdigit, one + other)):
        return DIFFERENT
    return ALIKE if ratio(one, other) >= LEAST_RATIO else DIFFERENT
