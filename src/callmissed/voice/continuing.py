"""Lets another model go on where one broke off: what it is told, and what it repeats taken out."""

import re

from livekit.agents import llm

from callmissed.kit.overlap import fold_word
from callmissed.voice.marks import ends_clause

GO_ON = (
    "Your answer broke off after the words above, which the caller has heard. Continue it from "
    "exactly there. Do not repeat anything of it, do not apologise, do not begin anew."
)

_WORD = re.compile(r"\s*\S+")


def ask_to_go_on(context: llm.ChatContext, said: str) -> llm.ChatContext:
    """The same conversation with what was said of the answer, and the wish that it goes on."""
    longer = context.copy()
    longer.add_message(role="assistant", content=[said.strip()])
    longer.add_message(role="system", content=[GO_ON])
    return longer


class WholeWords:
    """Passes a stream of text on in whole words, so that it never breaks off inside of one."""

    def __init__(self) -> None:
        self._rest = ""

    def push(self, text: str) -> str:
        """What ends at the end of a word."""
        self._rest += text
        end = max(self._rest.rfind(" "), self._rest.rfind("\n")) + 1
        if ends_clause(self._rest):
            end = len(self._rest)
        whole, self._rest = self._rest[:end], self._rest[end:]
        return whole

    def flush(self) -> str:
        rest, self._rest = self._rest, ""
        return rest


class Continuation:
    """The new words of a text that goes on after `said`: a repeated end, or a repetition from the
    beginning, is taken out. Text is held back as long as it may still be a repetition."""

    def __init__(self, said: str) -> None:
        self._said = _normalise(said)
        self._ends_open = bool(said) and not said[-1].isspace()
        self._held = ""
        self._is_new = not self._said

    def push(self, text: str) -> str:
        """What is new for certain. Text comes in whole words."""
        if self._is_new:
            return text
        self._held += text
        words = _normalise(self._held)
        if not words or self._may_be_repetition(words):
            return ""
        return self._release(words)

    def flush(self) -> str:
        """The rest at the end of the text."""
        if self._is_new:
            return ""
        words = _normalise(self._held)
        repeats = words == self._said[len(self._said) - len(words) :] or (
            words == self._said[: len(words)]
        )
        return "" if repeats else self._release(words)

    def _may_be_repetition(self, words: list[str]) -> bool:
        """True while some part of what was said begins with just these words."""
        count = len(words)
        return any(
            self._said[start : start + count] == words
            for start in range(len(self._said) - count + 1)
        )

    def _release(self, words: list[str]) -> str:
        self._is_new = True
        longest = min(len(words), len(self._said))
        repeated = next(
            (count for count in range(longest, 0, -1) if self._said[-count:] == words[:count]), 0
        )
        text, self._held = _without_words(self._held, repeated), ""
        return f" {text.lstrip()}" if self._ends_open and text else text.lstrip()


def _normalise(text: str) -> list[str]:
    return [word for word in map(fold_word, text.split()) if word]


def _without_words(text: str, count: int) -> str:
    """The text behind its first `count` words that hold a letter or a digit."""
    end = 0
    for match in _WORD.finditer(text):
        if count == 0:
            break
        end = match.end()
        count -= bool(_normalise(match.group()))
    return text[end:]
