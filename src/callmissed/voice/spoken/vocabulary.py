"""The written words that belong to a number, a date or an amount, and what each of them is.

English forms are understood in every language; native ones come from the language's table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from callmissed.voice.spoken.abbreviations import PLACES, TITLES
from callmissed.voice.spoken.languages import language
from callmissed.voice.spoken.scripts import code_of_letter


class Kind:
    """What a word may be a part of: bits of an int, which are quicker than a Flag."""

    PLAIN = 0
    NUMBER = 1
    CURRENCY = 2
    MONTH = 4
    WEEKDAY = 8
    AFTER = 16  # unit, scale, currency word, am and pm: follows a number
    LINK = 32  # to, -, and: stands between two numbers or days
    LEAD = 64  # No., approx.: stands before a number
    SHORT = 128  # an abbreviation whose dot may also end the sentence
    TAIL = 256  # "is your" between a code and its name
    KEYWORD = 512  # OTP, order, PIN: names the number beside it
    ABBREVIATED = 1024  # has a full form


MONTHS = MappingProxyType(
    {
        name: index
        for index, names in enumerate(
            (
                "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
                "august aug", "september sept sep", "october oct", "november nov", "december dec",
            )
        )
        for name in names.split()
    }
)  # fmt: skip
WEEKDAYS = MappingProxyType(
    {
        name: index
        for index, names in enumerate(
            (
                "sunday sun", "monday mon", "tuesday tues tue", "wednesday wed", "thursday thurs thur thu",
                "friday fri", "saturday sat",
            )
        )
        for name in names.split()
    }
)  # fmt: skip
CURRENCIES: Mapping[str, str] = MappingProxyType(
    {
        "₹": "rupee", "rs": "rupee", "inr": "rupee", "re": "rupee", "rupees": "rupee", "rupee": "rupee",
        "रु": "rupee", "रू": "rupee", "ரூ": "rupee", "రూ": "rupee", "৳": "rupee",
        "$": "dollar", "usd": "dollar", "us$": "dollar", "€": "euro", "eur": "euro",
        "£": "pound", "¥": "yen", "gbp": "pound", "aed": "dirham",
    }
)  # fmt: skip
UNITS: Mapping[str, str] = MappingProxyType(
    {
        "km": "km", "kms": "km", "kilometre": "km", "m": "m", "mtr": "m", "mtrs": "m", "cm": "cm", "cms": "cm",
        "mm": "mm", "kg": "kg", "kgs": "kg", "g": "g", "gm": "g", "gms": "g", "gram": "g", "mg": "mg",
        "mcg": "mcg", "µg": "mcg", "l": "l", "L": "l", "ltr": "l", "ltrs": "l", "litre": "l", "ml": "ml",
        "mL": "ml", "°C": "celsius", "℃": "celsius", "°F": "fahrenheit", "℉": "fahrenheit", "°": "degree",
        "sq ft": "sqft", "sq.ft": "sqft", "sq. ft": "sqft", "sqft": "sqft", "ft²": "sqft", "sq m": "sqm",
        "sq.m": "sqm", "sqm": "sqm", "m²": "sqm", "sq yd": "sqyd", "ft": "ft", "inch": "inch", "inches": "inch",
        "GB": "gb", "MB": "mb", "KB": "kb", "kB": "kb", "TB": "tb", "Mbps": "mbps", "mbps": "mbps",
        "Gbps": "gbps", "kmph": "kmph", "km/h": "kmph", "km/hr": "kmph", "kph": "kmph", "mph": "mph",
        "kW": "kw", "kWh": "kwh", "W": "w", "V": "v", "Hz": "hz", "mAh": "mah", "mmHg": "mmhg", "bpm": "bpm",
        "mg/dL": "mgdl", "mg/dl": "mgdl", "h": "hour", "hr": "hour", "hrs": "hour", "hour": "hour",
        "hours": "hour", "min": "minute", "mins": "minute", "minute": "minute", "minutes": "minute",
        "s": "second", "sec": "second", "secs": "second", "second": "second", "seconds": "second",
        "ms": "ms", "day": "day", "days": "day", "wk": "week", "wks": "week", "week": "week", "weeks": "week",
        "month": "month", "months": "month", "yr": "year", "yrs": "year", "year": "year", "years": "year",
        "x": "times",
    }
)  # fmt: skip
SCALES: Mapping[str, str] = MappingProxyType(
    {
        "k": "thousand", "K": "thousand", "thousand": "thousand", "L": "lakh", "lakh": "lakh", "lakhs": "lakh",
        "lac": "lakh", "lacs": "lakh", "Cr": "crore", "cr": "crore", "crore": "crore", "crores": "crore",
        "million": "million", "mn": "million", "mln": "million", "M": "million", "billion": "billion",
        "bn": "billion",
    }
)  # fmt: skip
SHORTS = frozenset(("st", *(name.lower() for name in PLACES)))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one script: what each is, and the beginnings of them all."""

    words: Mapping[str, int]
    stems: Mapping[str, int]
    beginnings: Mapping[str, int]

    def kind(self, word: str) -> int:
        """What a word is; PLAIN for all others. Lower case."""
        found = self.words.get(word)
        if found is not None:
            return found
        for length in range(2, min(len(word), 12) + 1):
            found = self.stems.get(word[:length])
            if found is not None:
                return found
        return Kind.PLAIN

    def may_become(self, letters: str) -> int:
        """The kinds of all words that begin with these letters, or go on from a stem in them."""
        return self.beginnings.get(letters, Kind.PLAIN) | self.kind(letters)


@lru_cache(maxsize=64)
def keywords(name: str, code: str) -> frozenset[str]:
    """The words of a list in English and in a language, both of which a sentence may use."""
    return frozenset((*language("en").stems(name), *language(code).stems(name)))


def vocabulary_for(letter: str, base: str | None) -> Vocabulary | None:
    """The vocabulary of the script of a letter; None where we have no words for it."""
    code = code_of_letter(letter, base)
    return None if code is None else _vocabulary(code)


@lru_cache(maxsize=16)
def _vocabulary(code: str) -> Vocabulary:
    words, stems = _english() if code == "en" else _native(code)
    beginnings: dict[str, int] = {}
    for word, kind in (*words.items(), *stems.items()):
        for length in range(1, len(word) + 1):
            beginnings[word[:length]] = beginnings.get(word[:length], Kind.PLAIN) | kind
    return Vocabulary(words, stems, beginnings)


def _english() -> tuple[dict[str, int], dict[str, int]]:
    table = language("en")
    words: dict[str, int] = {}
    for names, kind in (
        (keywords("phone_keywords", "en") | keywords("room_keywords", "en"), Kind.KEYWORD),
        (keywords("keywords", "en"), Kind.KEYWORD),
        (table.stems("tails"), Kind.TAIL),
        (table.stems("links"), Kind.LINK),
        (SHORTS, Kind.SHORT | Kind.ABBREVIATED),
        (frozenset(name.lower() for name in TITLES), Kind.ABBREVIATED),
        (table.stems("leads"), Kind.LEAD),
        (frozenset(MONTHS), Kind.MONTH),
        (frozenset(WEEKDAYS), Kind.WEEKDAY),
        (frozenset(name.lower() for name in UNITS if " " not in name), Kind.AFTER),
        (frozenset(name.lower() for name in SCALES), Kind.AFTER),
        (table.stems("after"), Kind.AFTER),
        (frozenset(CURRENCIES), Kind.CURRENCY | Kind.AFTER),
    ):
        for name in names:
            words[name] = words.get(name, Kind.PLAIN) | kind
    return words, {}


def _native(code: str) -> tuple[dict[str, int], dict[str, int]]:
    table = language(code)
    words: dict[str, int] = {}
    for names, kind in (
        ((*table.months, *table.more_months), Kind.MONTH),
        (table.weekdays, Kind.WEEKDAY),
        (table.stems("tails"), Kind.TAIL),
        (table.stems("keywords"), Kind.KEYWORD),
        (table.stems("links"), Kind.LINK | Kind.AFTER),
        (table.stems("postpositions"), Kind.AFTER),
        (
            [name for name in CURRENCIES if code_of_letter(name[0], code) == code],
            Kind.CURRENCY | Kind.AFTER,
        ),
        (table.section("words"), Kind.AFTER | Kind.ABBREVIATED),
    ):
        for name in names:
            words[name] = words.get(name, Kind.PLAIN) | kind
    stems = dict.fromkeys((*table.stems("nouns"), *table.stems("hour_words")), Kind.AFTER)
    return words, stems
