"""The caller's words as they are shown while they speak: a word that has settled stays."""

from itertools import takewhile

from callmissed.kit.overlap import fold_word

FOLLOWERS = 2
"""A word has settled when two transcripts in a row hold it, and so many words behind it."""


class ShownWords:
    """Recognisers change their mind about the last words of what they tell, seldom about those
    before. Settled words stay as they were shown until the final words come.
    """

    def __init__(self) -> None:
        self._last: list[str] = []
        self._settled: list[str] = []

    @property
    def settled(self) -> str:
        """The words that will not change before the final ones."""
        return " ".join(self._settled)

    def take_partial(self, text: str) -> str:
        """What to show of an utterance of which `text` is known so far."""
        words = text.split()
        if words != self._last:
            agreed = takewhile(_is_same, zip(self._last, words, strict=False))
            count = min(sum(1 for _ in agreed), max(0, len(words) - FOLLOWERS))
            self._settled += words[len(self._settled) : count]
            self._last = words
        return " ".join(self._settled + words[len(self._settled) :])

    def end(self) -> None:
        """The final words are there; the next are of another utterance."""
        self._last, self._settled = [], []


def _is_same(pair: tuple[str, str]) -> bool:
    return fold_word(pair[0]) == fold_word(pair[1])
