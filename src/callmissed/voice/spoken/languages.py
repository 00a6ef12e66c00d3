"""The words of a language: one table a language, read once from `tables/<code>.toml`.

Templates use `{}` for what is inserted; `{-}` and `{h-}` insert it without its last vowel sign,
where a language joins words by sandhi (Tamil, Telugu). All text is in NFC.
"""

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from indic_numtowords import num2words

TABLES = Path(__file__).parent / "tables"
CODES = ("en", "hi", "ta", "te", "bn", "mr", "gu", "kn", "ml", "pa", "or", "as", "ur")
ALIASES = {"od": "or", "eng": "en", "hin": "hi"}


@dataclass(frozen=True, slots=True)
class Scale:
    """A power of ten in words, alone and before a smaller number (`linked`)."""

    one: str
    many: str
    one_linked: str
    many_linked: str


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """Everything that the rules need to know about one language."""

    code: str
    letters: str
    stop: str
    months: tuple[str, ...]
    more_months: tuple[str, ...]
    weekdays: tuple[str, ...]
    small: tuple[str, ...]
    scales: Mapping[str, Scale]
    hundreds: tuple[tuple[str, str], ...]
    last_link: str
    year_hundreds: str
    drop: str
    library_below: int
    vocabulary: Mapping[str, tuple[str, ...]]
    say: Mapping[str, str]
    units: Mapping[str, tuple[str, ...]]
    money: Mapping[str, tuple[str, ...]]
    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def stems(self, name: str) -> tuple[str, ...]:
        """A list of words or beginnings of words, empty where the language has none."""
        return self.vocabulary.get(name, ())

    def section(self, name: str) -> Mapping[str, str]:
        """A small table of words by key, empty where the language has none."""
        return self.sections.get(name, {})

    def fill(self, template: str, *parts: str) -> str:
        """The template with its parts put in; `{-}` takes its part without the last vowel sign."""
        if "{-}" in template:
            return template.replace("{-}", parts[0].rstrip(self.drop))
        return template.format(*parts)


VOCABULARY = (
    "nouns", "hour_words", "from_words", "links", "postpositions", "tails", "leads", "after", "whole_words",
    "keywords", "secret_keywords", "verb_keywords", "phone_keywords", "room_keywords", "year_words", "date_words",
    "time_words", "short_weekdays", "scale_stems", "parts_of_day", "before_saint", "ordinal_suffixes", "clitics",
)  # fmt: skip
SECTIONS = (
    "before_noun", "before_ending", "ending_forms", "halves", "fractions", "time", "time_in_range",
    "hours", "dayparts", "days",
    "ordinals", "ordinal_stems", "scale_words", "words",
)  # fmt: skip


def code_of(tag: str) -> str | None:
    """The code of our table for a language tag ("hi-IN", "od-IN", "en"); None where there is none."""
    code = tag.replace("_", "-").split("-")[0].lower()
    code = ALIASES.get(code, code)
    return code if code in CODES else None


@lru_cache(maxsize=len(CODES))
def language(code: str) -> Language:
    """The table of one of CODES. Read from disk once a process."""
    text = unicodedata.normalize("NFC", (TABLES / f"{code}.toml").read_text(encoding="utf-8"))
    table: dict[str, Any] = tomllib.loads(text)
    scales = table["scales"]
    fixes = table.get("small", {})
    words = [unicodedata.normalize("NFC", num2words(n, lang=code)) for n in range(100)]
    small = tuple(fixes.get(str(n), words[n].strip("\u200c\u200d ")) for n in range(100))
    return Language(
        code=code,
        letters=table["letters"],
        stop=table["stop"],
        months=tuple(table["months"]),
        more_months=tuple(table.get("more_months", ())),
        weekdays=tuple(table["weekdays"]),
        small=small,
        scales={
            name: _scale(scales[name]) for name in ("thousand", "lakh", "crore") if name in scales
        },
        hundreds=_hundreds(scales, small),
        last_link=scales.get("last_link", ""),
        year_hundreds=scales.get("year_hundreds", ""),
        drop=scales.get("drop", ""),
        library_below=scales.get("library_below", 0),
        vocabulary={name: tuple(table.get(name, ())) for name in VOCABULARY},
        say=table["say"],
        units={name: tuple(forms) for name, forms in table.get("units", {}).items()},
        money={name: tuple(forms) for name, forms in table["money"].items()},
        sections={name: table[name] for name in SECTIONS if name in table},
    )


def _scale(forms: list[str]) -> Scale:
    one, many, *linked = forms
    one_linked, many_linked = linked or (one, many)
    return Scale(one, many, one_linked, many_linked)


def _hundreds(scales: Mapping[str, Any], small: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The nine hundreds, each alone and before a smaller number."""
    if "hundreds" in scales:
        alone = scales["hundreds"]
        return tuple(zip(alone, scales.get("hundreds_link", alone), strict=True))
    if "hundred" not in scales:
        return ()
    scale = _scale(scales["hundred"])
    many = [(scale.many.format(small[n]), scale.many_linked.format(small[n])) for n in range(2, 10)]
    return ((scale.one, scale.one_linked), *many)
