"""Which written words must be read together: a date, an amount, a number with its unit.

A run of such words is a chunk. Where one ends depends on nothing to the right of the word after
it, so a stream cuts at the same places however its pieces fall.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import category

from callmissed.voice.spoken.vocabulary import Kind, vocabulary_for

LONGEST_CHUNK_WORDS = 24
LONGEST_CHUNK_CHARS = 1000
LONGEST_WORD_CHARS = 500

OPENERS = "([{\"'“‘«*_~`|>"
CLOSERS = ")]}\"'”’»*_~`|"
SENTENCE_ENDS = ".!?।॥۔؟"
STOPS = ".!?;।॥۔؟…"
AROUND = OPENERS + CLOSERS + STOPS + ",:"
JOINERS = "\u200c\u200d"
BETWEEN_LETTERS = ".'’/"
PLAIN_ENDS = frozenset(("", ",", ".", "?", "!", ":", ";", "।", "?!"))
DATE_DAY = re.compile(r"(?:[0-2]?\d|3[01])(?:st|nd|rd|th)?")
BARE_CODE = re.compile(r"\d{4,8}")
STARTS_WITH_NUMBER = re.compile(r"[^\w\s]*\d|[₹$€£#]")
INITIALS = re.compile(r"[A-Z](?:\.[A-Z])+")
TAG_OPENS = re.compile(r"<[A-Za-z/!][^<>]*$")
LINK_OPENS = re.compile(r"\[[^\[\]]*$|\]\([^()]*$")

WAITS_FIRST = Kind.NUMBER | Kind.CURRENCY | Kind.MONTH | Kind.WEEKDAY | Kind.LEAD | Kind.SHORT
WAITS_LATER = WAITS_FIRST | Kind.AFTER | Kind.LINK | Kind.TAIL


@dataclass(frozen=True, slots=True)
class Word:
    """A written word (no spaces) and what it may belong to."""

    text: str
    core: str
    kind: int
    closes: bool  # nothing after it can belong to it
    has_markup: bool  # a tag or a link may begin or end in it
    is_plain: bool  # only letters and a pause: it is said as it is written
    waits: bool  # by itself it must wait for what follows
    ends_sentence: bool


@lru_cache(maxsize=8192)
def read_word(text: str, base: str | None) -> Word:
    """What one word is, by itself. `base` is the code of the session's language."""
    core = core_of(text)
    kind = kind_of(text, core, base)
    has_markup = "<" in text or "[" in text
    closes = _closes(kind, text.rstrip(CLOSERS)[-1:])
    tail = text.rstrip(CLOSERS)[-1:]
    return Word(
        text=text,
        core=core,
        kind=kind,
        closes=closes,
        has_markup=has_markup,
        is_plain=_is_plain(text, core, kind),
        waits=has_markup or (not closes and bool(kind & WAITS_FIRST)),
        ends_sentence=closes
        and bool(tail)
        and tail in SENTENCE_ENDS
        and not _is_abbreviated(core, kind, tail),
    )


def core_of(text: str) -> str:
    """A word without the signs and pauses around it."""
    return text.strip(AROUND)


def kind_of(text: str, core: str, base: str | None) -> int:
    """The kinds of a word; any digit or lone sign makes it one that matters."""
    lower = core.lower()
    if not core:
        return Kind.LINK if text in {"-", "–", "—", "*", "/"} else Kind.PLAIN
    if "@" in core or "://" in core or core.startswith("www.") or INITIALS.fullmatch(core):
        return Kind.SHORT
    if core[0].isalpha():
        vocabulary = vocabulary_for(core[0], base)
        letters = leading_letters(lower)
        kind = vocabulary.kind(letters) if vocabulary else Kind.PLAIN
        if any(char.isdigit() for char in core):
            return kind | Kind.NUMBER
        return kind if len(letters) == len(lower) else Kind.PLAIN
    if any(char.isdigit() for char in core):
        return Kind.NUMBER
    vocabulary = vocabulary_for("a", base)
    return vocabulary.kind(lower) if vocabulary else Kind.PLAIN


def leading_letters(text: str) -> str:
    """The letters and vowel signs with which a word begins, signs between two letters included."""
    for index, char in enumerate(text):
        if char.isalpha() or char in JOINERS or (not char.isascii() and category(char)[0] == "M"):
            continue
        if char in BETWEEN_LETTERS and text[index + 1 : index + 2].isalpha():
            continue
        return text[:index]
    return text


def joins(chunk: list[Word], word: Word) -> bool:
    """Whether `word` must be read together with the chunk before it."""
    if in_markup(chunk):
        return True
    if not chunk[-1].kind or (chunk[-1].closes and not _date_goes_on(chunk)):
        return False
    kind = word.kind if STARTS_WITH_NUMBER.match(word.text) else word.kind & ~Kind.NUMBER
    return bool(kind & _may_follow(chunk))


def may_join(chunk: list[Word], beginning: str, base: str | None) -> bool:
    """Whether a word that begins so, and may go on, could still join the chunk."""
    if not beginning[0].isalpha() or in_markup(chunk):
        return True
    vocabulary = vocabulary_for(beginning[0], base)
    if vocabulary is None:
        return False
    return bool(vocabulary.may_become(leading_letters(beginning.lower())) & _may_follow(chunk))


def waits(chunk: list[Word]) -> bool:
    """Whether what follows the chunk must be seen before it can be said."""
    last = chunk[-1]
    if len(chunk) == 1 and not last.has_markup:
        return last.waits
    if in_markup(chunk) or _date_goes_on(chunk):
        return True
    return not last.closes and bool(last.kind & (WAITS_LATER if len(chunk) > 1 else WAITS_FIRST))


def in_markup(chunk: list[Word]) -> bool:
    """Whether the chunk ends inside a tag or a link that is not closed yet."""
    if not any(word.has_markup for word in chunk):
        return False
    text = " ".join(word.text for word in chunk)
    return bool(TAG_OPENS.search(text) or LINK_OPENS.search(text))


def _is_abbreviated(core: str, kind: int, tail: str) -> bool:
    """Whether the dot belongs to the word: "Dr.", an initial."""
    return tail == "." and (bool(kind & Kind.ABBREVIATED) or (len(core) == 1 and core.isupper()))


def _is_plain(text: str, core: str, kind: int) -> bool:
    if (
        not core
        or not text.startswith(core)
        or len(leading_letters(core)) != len(core)
        or "/" in core
        or "." in core
    ):
        return False
    if kind & Kind.ABBREVIATED and ("." in text or not core.isascii()):
        return False
    if kind & (Kind.WEEKDAY | Kind.MONTH) and core.isascii():
        return False
    if len(core) == 1 and core.isupper() and text.endswith("."):
        return False
    return text[len(core) :] in PLAIN_ENDS


def _may_follow(chunk: list[Word]) -> int:
    last = chunk[-1].kind
    follow = Kind.PLAIN
    if last & Kind.NUMBER:
        follow |= Kind.NUMBER | Kind.AFTER | Kind.MONTH | Kind.LINK | Kind.CURRENCY
        if BARE_CODE.fullmatch(chunk[-1].core):
            follow |= Kind.TAIL
    if last & Kind.AFTER and len(chunk) > 1:
        follow |= Kind.NUMBER | Kind.AFTER | Kind.LINK
    if last & (Kind.CURRENCY | Kind.LEAD):
        follow |= Kind.NUMBER
    if last & Kind.MONTH:
        follow |= Kind.NUMBER | Kind.LINK
    if last & Kind.WEEKDAY:
        follow |= Kind.NUMBER | Kind.LINK | Kind.MONTH | Kind.WEEKDAY
    if last & Kind.LINK and len(chunk) > 1:
        follow |= Kind.NUMBER | Kind.MONTH | Kind.WEEKDAY | Kind.CURRENCY
    if last & Kind.TAIL and len(chunk) > 1:
        follow |= Kind.TAIL | Kind.KEYWORD
    return follow


def _closes(kind: int, tail: str) -> bool:
    """Whether the sign at the end of a word (or "") ends what the word could be a part of."""
    if not kind:
        return True
    if tail == ".":
        return not kind & (
            Kind.AFTER | Kind.MONTH | Kind.WEEKDAY | Kind.CURRENCY | Kind.LEAD | Kind.SHORT
        )
    if tail in {",", ":"}:
        return not kind & (Kind.MONTH | Kind.WEEKDAY)
    return bool(tail) and tail in STOPS


def _date_goes_on(chunk: list[Word]) -> bool:
    """After "Nov 21," a year may come."""
    return (
        len(chunk) > 1
        and chunk[-1].text.endswith(",")
        and bool(chunk[-2].kind & Kind.MONTH)
        and DATE_DAY.fullmatch(chunk[-1].core) is not None
    )
