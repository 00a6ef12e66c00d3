"""A chunk of text while the rules work on it: what a rule has said is out of reach of later ones."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from unicodedata import category

from callmissed.voice.spoken.languages import Language

# Said parts stand in the text as one private-use character each; the text itself never has any.
FIRST_KEPT, LAST_KEPT = 0xE000, 0xF8FF
KEPT = f"[{chr(FIRST_KEPT)}-{chr(LAST_KEPT)}]"

IS_KEPT = re.compile(KEPT)
SPLIT_KEPT = re.compile(f"({KEPT})")

IN_COMPANY = re.compile(rf"[0-9]|{KEPT}")
HAS_DIGIT = re.compile(r"\d")

# A number as written. Possessive, so that no text can make the search slow.
NUMBER = r"\d++(?:,\d++)*+(?:\.\d++)?+"
START = r"(?<![0-9A-Za-z])(?<![0-9][.,])"
END = r"(?![0-9A-Za-z])"
DASH = r"[-–—−]"

Speaker = Callable[["re.Match[str]"], str | None]


@dataclass(frozen=True, slots=True)
class Scene:
    """What the rules may know beside the chunk: its language and what stands around it."""

    language: Language
    before: tuple[str, ...]  # the last words of the sentence, lower case
    next_letter: str  # the first sign of the word after the chunk; "" where it is not known
    starts_line: bool


@dataclass(slots=True)
class Sheet:
    """The text, and what was said in place of parts of it."""

    text: str
    kept: list[str] = field(default_factory=list)

    def keep(self, spoken: str) -> str:
        """Puts spoken words out of reach of later rules; returns what stands for them."""
        self.kept.append(self.read_back(spoken))
        return chr(FIRST_KEPT + len(self.kept) - 1)

    def say(self, pattern: re.Pattern[str], speaker: Speaker) -> None:
        """Replaces each match by what the speaker says; None leaves it as it is."""

        def replace(match: re.Match[str]) -> str:
            spoken = speaker(match)
            return match.group() if spoken is None else self.keep(spoken)

        self.text = pattern.sub(replace, self.text)

    def words_before(self, position: int, scene: Scene) -> tuple[str, ...]:
        """The words of the sentence before a place in the text, lower case, the nearest last."""
        here = re.findall(
            r"[^\W\d_][^\s,.:;!?()#]*", self.text[max(0, position - 60) : position].lower()
        )
        return (*scene.before, *here)[-4:]

    def lost_stop(self, match: re.Match[str], scene: Scene) -> str:
        """A full stop, where the dot of an abbreviation that a rule has taken ended the sentence too."""
        if not match.group().endswith(".") or self.text[match.end() :].strip():
            return ""
        return "." if not scene.next_letter or scene.next_letter.isupper() else ""

    def spoken(self) -> str:
        """The text with all that was said in its place, set off from letters beside it."""
        if not self.kept:
            return self.text
        parts: list[str] = []
        for part in SPLIT_KEPT.split(self.text):
            said = self.kept[ord(part) - FIRST_KEPT] if IS_KEPT.fullmatch(part) else part
            if said and parts and _is_word(parts[-1][-1]) and _is_word(said[0]):
                parts.append(" ")
            if said:
                parts.append(said)
        return "".join(parts)

    def read_back(self, text: str) -> str:
        """Text in which what was said stands in its place again."""
        return IS_KEPT.sub(lambda match: self.kept[ord(match.group()) - FIRST_KEPT], text)


def _is_word(char: str) -> bool:
    return char.isalnum() or category(char)[0] == "M"


@lru_cache(maxsize=256)
def compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern, compiled once a process."""
    return re.compile(pattern, flags)


def words_pattern(words: tuple[str, ...] | list[str]) -> str:
    """An alternation of words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
