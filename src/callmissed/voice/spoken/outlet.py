"""What may be heard: letters, vowel signs, and the punctuation by which a voice makes its pauses."""

import re
from unicodedata import category

from callmissed.voice.spoken.scripts import MARKS

PAUSES = frozenset(".,?!;:।॥،؟۔")
SOFT_PAUSES = frozenset("()[]{}|–—→•\n")
BETWEEN_LETTERS = frozenset("'’-\u200c\u200d")
UNHEARD = frozenset('"“”‘«»*_~`')
# A letter with all letters and vowel signs behind it, or one other character. Digits come only from
# a dictionary: the rules leave none.
DIGITS = frozenset("0123456789")
LETTER = r"(?:[^\W\d_\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u209f\u2150-\u218b\u2460-\u24ff\u2776-\u2793]|[0-9])"
RUN = re.compile(rf"{LETTER}(?:{LETTER}|[{MARKS}])*|.", re.DOTALL)


class Outlet:
    """Joins spoken pieces: one space between words, none before a pause, no pause twice.

    What was put out is never taken back. A written pause goes out at once; a soft one (a bracket,
    a dash, the end of a line) only when more words come.
    """

    def __init__(self) -> None:
        self._last = ""
        self._space = False
        self._inner = ""
        self._soft = ""

    def put(self, text: str) -> str:
        """What can be said of the text now."""
        out: list[str] = []
        for run in RUN.findall(text):
            if len(run) > 1 or run.isalpha() or run in DIGITS:
                out.append(self._before())
                out.append(run)
                self._last = run[-1]
            else:
                out.append(self._char(run))
        return "".join(out)

    def rest(self, sign: str) -> None:
        """A pause where the text has none, if more words come. A full stop outdoes a comma."""
        if self._last and self._last not in PAUSES:
            self._soft = sign if self._soft in {"", ","} else self._soft
        self._space = True

    def _char(self, char: str) -> str:
        if char.isspace() and char != "\n":
            self._space, self._inner = True, ""
            return ""
        if char in PAUSES:
            return self._pause(char)
        if char in SOFT_PAUSES:
            self.rest(",")
            return ""
        if category(char)[0] == "M":
            return self._mark(char)
        if char in BETWEEN_LETTERS:
            self._inner = "" if self._waits() or not _is_letter(self._last) else char
            self._space = self._space or (char == "-" and not self._inner)
        elif char not in UNHEARD and category(char) not in {"Cf", "Cc"}:
            self._space = True
        return ""

    def _mark(self, char: str) -> str:
        """A vowel sign belongs to the letter before it, or to nothing."""
        if (
            self._waits()
            or self._inner not in {"", "\u200c", "\u200d"}
            or not _is_letter(self._last)
        ):
            return ""
        if 0xFE00 <= ord(char) <= 0xFE0F or category(char) == "Me":
            return ""
        out, self._inner, self._last = self._inner + char, "", char
        return out

    def _pause(self, char: str) -> str:
        self._inner, self._soft = "", ""
        if not self._last:
            return ""
        if self._last in PAUSES:
            return ""
        self._last = char
        self._space = False
        return char

    def _before(self) -> str:
        """What stands between the last word and one that begins now."""
        if not self._waits():
            inner, self._inner = self._inner, ""
            return f"{inner} " if self._last in PAUSES and self._last else inner
        before = f"{self._soft} " if self._last else ""
        self._soft, self._space, self._inner = "", False, ""
        return before

    def _waits(self) -> bool:
        return self._space or bool(self._soft)


def _is_letter(char: str) -> bool:
    return bool(char) and (char.isalpha() or category(char)[0] == "M")
