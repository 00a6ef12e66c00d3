"""Which reading of an utterance is meant, when it is known what the talk is about."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from callmissed.kit.lexical import stems_of

KNOWN_WORD_GAIN = 0.02


def choose_reading(readings: Sequence[tuple[str, float]], known: frozenset[str]) -> str:
    """The reading that is likeliest once its `known` stems count for it; empty when there is none.

    A word of the documents wins over a similar one only where the decoder itself held it for about
    as likely, so what is not in the documents is not turned into what is.
    """
    if not readings:
        return ""
    return max(readings, key=lambda reading: _likelihood(reading, known))[0]


def stems_in(texts: Iterable[str]) -> frozenset[str]:
    """What may be expected to be spoken of: the meaningful words of the texts, as stems."""
    return frozenset(stem for text in texts for stem in _stems(text))


def _likelihood(reading: tuple[str, float], known: frozenset[str]) -> float:
    text, less_likely = reading
    return less_likely + KNOWN_WORD_GAIN * len(known.intersection(_stems(text)))


@lru_cache(maxsize=4096)
def _stems(text: str) -> frozenset[str]:
    return frozenset(stems_of(text))
