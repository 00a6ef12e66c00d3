"""What is being said and how far it was heard: words laid along the seconds of their sound."""

import re
from dataclasses import dataclass

SECONDS_A_LETTER = 0.065
_WORDS = re.compile(r"\s*\S+\s*")


@dataclass(slots=True)
class Line:
    """A piece of text and the sound made for it so far."""

    text: str
    sound_s: float = 0.0
    is_complete: bool = False

    def lasts_s(self) -> float:
        """The sound's length; a guess by letters while it is still being made."""
        if self.is_complete:
            return self.sound_s
        return max(self.sound_s, len(self.text.strip()) * SECONDS_A_LETTER)


class Script:
    """The lines of one speech in order. Text and sound are added as they are made."""

    def __init__(self) -> None:
        self._lines: list[Line] = []

    @property
    def text(self) -> str:
        return "".join(line.text for line in self._lines)

    def begin_line(self, text: str) -> None:
        self._lines.append(Line(text))

    def add_sound(self, seconds: float) -> None:
        self._lines[-1].sound_s += seconds

    def end_line(self) -> None:
        self._lines[-1].is_complete = True

    def cut_short(self) -> None:
        """No more sound comes for the last line: its text ends where its sound does."""
        if self._lines and not self._lines[-1].is_complete:
            line = self._lines.pop()
            self._lines.append(Line(_words_within(line.text, line.sound_s / line.lasts_s())))
            self._lines[-1].sound_s = line.sound_s
            self._lines[-1].is_complete = True

    def replace(self, text: str) -> None:
        """Another text is said instead of all so far."""
        self._lines = [Line(text)]

    def heard(self, played_s: float) -> str:
        """The words of which at least half was played."""
        parts: list[str] = []
        left_s = played_s
        for line in self._lines:
            lasts_s = line.lasts_s()
            if line.is_complete and left_s >= lasts_s - 1e-6:
                parts.append(line.text)
                left_s -= lasts_s
                continue
            parts.append(_words_within(line.text, left_s / lasts_s if lasts_s > 0 else 0.0))
            break
        return "".join(parts)


def _words_within(text: str, share: float) -> str:
    """The first words of a text that fill this share of it, each as long as its letters and a
    pause."""
    words = _WORDS.findall(text)
    weights = [len(word.strip()) + 2 for word in words]
    target = share * sum(weights)
    passed = 0.0
    kept: list[str] = []
    for word, weight in zip(words, weights, strict=True):
        if passed + weight / 2 > target:
            break
        passed += weight
        kept.append(word)
    return "".join(kept)
