"""What is being said and how far it was heard: words laid along the seconds of their sound."""

import re
import unicodedata
from dataclasses import dataclass, field

SECONDS_A_LETTER = 0.065
WINDOW_S = 0.01
LETTERS_BESIDE = 2
"""What a word takes beyond its letters, in letters."""
LETTERS_A_DIGIT = 5.5
LETTERS_A_SIGN = 7
"""`₹` and `%` are words."""
_SIGNS = "₹$€£%&@"
_WORDS = re.compile(r"\s*\S+\s*")


@dataclass(slots=True)
class Line:
    """A piece of text and the sound made for it so far.

    `expected_s` is how long all of it will probably take. An aside is said and heard, but is no
    part of the answer. `loud` has 1 for each 10 ms of the sound in which something is said.
    """

    text: str
    expected_s: float
    is_aside: bool = False
    sound_s: float = 0.0
    is_complete: bool = False
    loud: bytearray = field(default_factory=bytearray)

    def share(self, played_s: float) -> float:
        """How much of its words so many seconds hold: pauses hold none."""
        lasts_s = self.lasts_s()
        if self.is_complete and (spoken := self.loud.count(1)):
            return self.loud.count(1, 0, round(played_s / WINDOW_S)) / spoken
        return played_s / lasts_s if lasts_s > 0 else 0.0

    def lasts_s(self) -> float:
        """The sound's length; a guess while it is still being made."""
        if self.is_complete:
            return self.sound_s
        return max(self.sound_s, self.expected_s)


class Script:
    """The lines of one speech in order. Text and sound are added as they are made."""

    def __init__(self) -> None:
        self._lines: list[Line] = []

    @property
    def text(self) -> str:
        """All that is said, asides too."""
        return "".join(line.text for line in self._lines)

    @property
    def answer(self) -> str:
        """All of the answer, without asides."""
        return "".join(line.text for line in self._lines if not line.is_aside)

    def begin_line(self, text: str, expected_s: float | None = None) -> None:
        """`expected_s` is guessed by the letters where it is not given."""
        guess_s = len(text.strip()) * SECONDS_A_LETTER
        self._lines.append(Line(text, guess_s if expected_s is None else expected_s))

    def add_sound(self, seconds: float, loud: bytes = b"") -> None:
        """`loud` has 1 for each 10 ms in which something is said; it may be left out."""
        line = self._lines[-1]
        line.sound_s += seconds
        if loud:
            # Pieces end between two windows; what is told of them must not run ahead or behind.
            count = round(line.sound_s / WINDOW_S) - len(line.loud)
            line.loud += loud[:count] + loud[-1:] * (count - len(loud))

    def end_line(self) -> None:
        self._lines[-1].is_complete = True

    def begin_rest(self, rest: str, expected_s: float) -> None:
        """The line goes on as another one: it ends where `rest`, the end of its text, begins."""
        line = self._lines[-1]
        line.text = line.text[: -len(rest)] if line.text.endswith(rest) else ""
        line.is_complete = True
        self.begin_line(rest, expected_s)

    def add_aside(self, text: str, sound_s: float) -> None:
        """Something said between two words of the answer, or in front of it."""
        rest: Line | None = None
        if self._lines and not self._lines[-1].is_complete:
            rest = self._split_last()
        before = self.text
        spaced = f"{text} " if not before or before[-1].isspace() else f" {text}"
        self._lines.append(Line(spaced, sound_s, True, sound_s, True))
        if rest is not None:
            self._lines.append(rest)

    def cut_short(self) -> None:
        """No more sound comes for the last line: its text ends where its sound does."""
        if self._lines and not self._lines[-1].is_complete:
            self._split_last()

    def heard(self, played_s: float) -> str:
        """The words of which at least half was played, asides too."""
        return "".join(text for _, text in self._played(played_s))

    def remembered(self, played_s: float) -> str:
        """The words of the answer of which at least half was played."""
        return "".join(text for line, text in self._played(played_s) if not line.is_aside)

    def _played(self, played_s: float) -> list[tuple[Line, str]]:
        parts: list[tuple[Line, str]] = []
        left_s = played_s
        for line in self._lines:
            lasts_s = line.lasts_s()
            if line.is_complete and left_s >= lasts_s - 1e-6:
                parts.append((line, line.text))
                left_s -= lasts_s
                continue
            parts.append((line, words_within(line.text, line.share(left_s))))
            break
        return parts

    def _split_last(self) -> Line:
        """Ends the last line with its sound; returns what of it was not said yet."""
        line = self._lines[-1]
        said = words_within(line.text, line.sound_s / line.lasts_s() if line.lasts_s() else 0.0)
        rest = line.text[len(said) :]
        left_s = line.expected_s * len(rest) / max(1, len(line.text))
        line.text, line.is_complete = said, True
        return Line(rest, left_s)


def words_within(text: str, share: float) -> str:
    """The first words of a text that fill this share of it, each as long as the letters by which it
    is spoken."""
    words = _WORDS.findall(text)
    weights = [_letters_of(word) + LETTERS_BESIDE for word in words]
    target = share * sum(weights)
    passed = 0.0
    kept: list[str] = []
    for word, weight in zip(words, weights, strict=True):
        if passed + weight / 2 > target:
            break
        passed += weight
        kept.append(word)
    return "".join(kept)


def _letters_of(word: str) -> float:
    return sum(
        LETTERS_A_DIGIT
        if char.isdigit()
        else LETTERS_A_SIGN
        if char in _SIGNS
        else unicodedata.category(char)[0] in "LM"
        for char in word
    )
