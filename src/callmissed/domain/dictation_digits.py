"""Digits and letters as callers say them one by one."""

import unicodedata
from collections.abc import Sequence

from callmissed.domain.dictation_words import DIGITS, REPEATS

_MARKS = " \t\n,;:!?।॥…\"'()[]“”‘’.-–—"
_INSIDE_NUMBERS = "-+/.,"


def fold_words(text: str) -> list[str]:
    """Lower case, without marks around the words; those inside (`a.b@c.in`, `98-76`) stay."""
    folded = unicodedata.normalize("NFC", text).lower()
    words = (word.strip(_MARKS) for word in folded.split())
    return [word for word in words if word]


def digits_of(words: Sequence[str]) -> str:
    """The digits that folded words stand for: `double six five` is 665, `ninety eight` is 98;
    letters stand for none.
    """
    digits, times, was_tens = "", 1, False
    for word in words:
        if is_repeat(word):
            times = REPEATS[word]
            continue
        said = DIGITS.get(word) or _numerals(word)
        if was_tens and len(said) == 1 and said != "0":
            digits = digits[:-1]
        was_tens = word in DIGITS and len(said) == 2 and said[1] == "0" and said != "10"
        digits += said * times
        times = 1
    return digits


def is_dictated(word: str) -> bool:
    """Whether a folded word is a digit, a number, a letter by itself, or "double"."""
    if word in DIGITS or is_repeat(word):
        return True
    if any(char.isdecimal() for char in word):
        return all(char.isalnum() or char in _INSIDE_NUMBERS for char in word)
    return len(word) == 1 and word.isalpha()


def is_repeat(word: str) -> bool:
    """Whether it says how often the next digit is to be taken."""
    return word in REPEATS


def _numerals(word: str) -> str:
    """The digits written in a word, of whatever script, as ASCII ones."""
    return "".join(str(unicodedata.digit(char)) for char in word if char.isdecimal())
