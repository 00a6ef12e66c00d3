"""Text that arrives in pieces, said in pieces: the same words as if it had come whole."""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from unicodedata import category

from callmissed.voice.spoken.chunks import (
    LONGEST_CHUNK_CHARS,
    LONGEST_CHUNK_WORDS,
    LONGEST_WORD_CHARS,
    Word,
    joins,
    may_join,
    read_word,
    waits,
)
from callmissed.voice.spoken.dictionary import dictionary_of
from callmissed.voice.spoken.languages import code_of, language
from callmissed.voice.spoken.outlet import Outlet
from callmissed.voice.spoken.render import render
from callmissed.voice.spoken.scripts import code_of_letter, plain_text
from callmissed.voice.spoken.sheet import Scene
from callmissed.voice.spoken.vocabulary import Kind

WORDS_REMEMBERED = 4
WORD_OR_SPACE = re.compile(r"\s+|\S+")
LATIN_WORD = re.compile(r"(?<![A-Za-z@./:_-])[a-z]{4,}(?![a-z@/:_-]|\.\w)")
LINE_SIGNS = frozenset(
    ("-", "*", "+", "•", "‣", "◦", "▪", "●", "○", "–", "—", ">", "#", "##", "###")
)
NEUTRAL = Kind.AFTER | Kind.MONTH | Kind.WEEKDAY | Kind.CURRENCY
NO_ENTRIES: Mapping[str, str] = MappingProxyType({})


class SpokenStream:
    """Turns written text into what is said, as the text arrives.

    `language` is a tag ("hi-IN"); sentences in another script are said in the language of that
    script, and sentences in Latin letters in English. What `push` and `flush` return, joined, is
    `speak_forms` of all that was pushed.
    """

    _tail: str

    def __init__(self, language: str, dictionary: Mapping[str, str] = NO_ENTRIES) -> None:
        self._base = code_of(language)
        self._dictionary = dictionary_of(tuple(dictionary.items()))
        self._start()

    def push(self, piece: str) -> str:
        """The words that can be said now: those that nothing to come can change."""
        out: list[str] = []
        text = self._tail + piece
        self._tail = ""
        for match in WORD_OR_SPACE.finditer(text):
            part = match.group()
            if part[0].isspace():
                self._pass_space(part, out)
            elif match.end() < len(text):
                self._take(part, out)
            else:
                self._tail = self._take_whole_lengths(part, out)
        self._let_go_early(out)
        return "".join(out)

    def flush(self) -> str:
        """All that was held back. The next `push` begins a new text."""
        out: list[str] = []
        if self._tail:
            self._take(self._tail, out)
        self._say_chunk("", out)
        self._start()
        return "".join(out)

    def _start(self) -> None:
        self._tail = ""
        self._chunk: list[Word] = []
        self._chars = 0
        self._outlet = Outlet()
        self._before: deque[str] = deque(maxlen=WORDS_REMEMBERED)
        self._native: str | None = None
        self._latin = False
        self._latest = self._base or "en"
        self._new_lines = 0
        self._starts_line = True

    def _pass_space(self, space: str, out: list[str]) -> None:
        new_lines = space.count("\n")
        if not new_lines:
            return
        self._say_chunk("", out)
        self._new_lines += new_lines
        self._starts_line = True
        if self._new_lines > 1:
            self._end_sentence()
        self._outlet.rest("," if self._new_lines == 1 else language(self._latest).stop)

    def _take_whole_lengths(self, part: str, out: list[str]) -> str:
        """Cuts a word without end into lengths; the rest may still grow."""
        while len(part) >= LONGEST_WORD_CHARS:
            self._take_length(part[:LONGEST_WORD_CHARS], out)
            part = part[LONGEST_WORD_CHARS:]
        return part

    def _take(self, part: str, out: list[str]) -> None:
        """Takes a word that is complete."""
        rest = self._take_whole_lengths(part, out)
        if rest:
            self._take_length(rest, out)

    def _take_length(self, part: str, out: list[str]) -> None:
        self._new_lines = 0
        word = read_word(plain_text(part), self._base)
        if word.is_plain and not word.waits and not self._chunk and not self._dictionary.pattern:
            out.append(self._outlet.put(word.text))
            self._after_chunk((word,))
            return
        cores = [*(known.core for known in self._chunk), word.core]
        if self._chunk and not joins(self._chunk, word) and not self._dictionary.joins(cores):
            self._say_chunk(word.text[:1], out)
        self._chunk.append(word)
        self._chars += len(word.text) + 1
        full = len(self._chunk) >= LONGEST_CHUNK_WORDS or self._chars >= LONGEST_CHUNK_CHARS
        if full or not (
            waits(self._chunk) or self._dictionary.goes_on([known.core for known in self._chunk])
        ):
            self._say_chunk("", out)

    def _let_go_early(self, out: list[str]) -> None:
        """Says the chunk when the word that is coming cannot belong to it."""
        if (
            not self._chunk
            or not self._tail
            or self._dictionary.goes_on([word.core for word in self._chunk])
        ):
            return
        settled = _settled(self._tail)
        if settled and not may_join(self._chunk, settled, self._base):
            self._say_chunk(settled[0], out)

    def _say_chunk(self, next_letter: str, out: list[str]) -> None:
        chunk, self._chunk, self._chars = self._chunk, [], 0
        if not chunk:
            return
        first = chunk[0]
        if len(chunk) == 1 and first.is_plain and not self._dictionary.has_word(first.core):
            out.append(self._outlet.put(first.text))
        else:
            text = " ".join([word.text for word in chunk])
            spoken_in = self._language_of(text, next_letter)
            scene = Scene(language(spoken_in), tuple(self._before), next_letter, self._starts_line)
            out.append(self._outlet.put(render(text, scene, self._dictionary)))
            self._latest = spoken_in
        self._after_chunk(chunk)

    def _after_chunk(self, chunk: Sequence[Word]) -> None:
        self._outlet.put(" ")
        self._starts_line = self._starts_line and chunk[0].text in LINE_SIGNS
        for word in chunk:
            self._remember(word)

    def _language_of(self, text: str, next_letter: str) -> str:
        """By the script of the sentence so far, of the chunk, of what follows; else as before."""
        if self._native:
            return self._native
        for char in text if not text.isascii() else "":
            code = code_of_letter(char, self._base) if char.isalpha() else None
            if code and code != "en":
                return code
        code = (
            code_of_letter(next_letter, self._base)
            if next_letter and next_letter.isalpha()
            else None
        )
        if code and (code != "en" or self._latin):
            return code
        return "en" if self._latin or LATIN_WORD.search(text) else self._latest

    def _remember(self, word: Word) -> None:
        core = word.core
        if core:
            self._before.append(core.lower())
            letter = core[0]
            if not core.isascii() and letter.isalpha():
                code = code_of_letter(letter, self._base)
                self._native = code if code != "en" else self._native
            elif (
                letter.isalpha()
                and len(core) > 1
                and not core.isupper()
                and not word.kind & NEUTRAL
            ):
                self._latin = True
        if word.ends_sentence:
            self._end_sentence()

    def _end_sentence(self) -> None:
        self._before.clear()
        if self._native or self._latin:
            self._latest = self._native or "en"
        self._native, self._latin = None, False


def speak_forms(text: str, language: str, dictionary: Mapping[str, str] = NO_ENTRIES) -> str:
    """The text as a person of the language would read it aloud.

    `language` is a tag such as "hi-IN". The dictionary maps what is written to how it is said and
    wins over all rules. Never raises for any text; time grows with its length only.
    """
    stream = SpokenStream(language, dictionary)
    return stream.push(text) + stream.flush()


def _settled(beginning: str) -> str:
    """The part of an unfinished word that cannot change any more: a vowel sign may still come."""
    if beginning.isascii():
        return beginning
    end = len(beginning)
    while end and category(beginning[end - 1])[0] == "M":
        end -= 1
    return plain_text(beginning[: max(0, end - 1)])
