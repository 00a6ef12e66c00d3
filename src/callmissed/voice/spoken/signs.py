"""Abbreviations in full, and signs by their names: Dr., Rd., e.g., &, @, /, %, +."""

import re
from functools import lru_cache
from types import MappingProxyType

from callmissed.voice.spoken.abbreviations import PLACES, TITLES
from callmissed.voice.spoken.languages import CODES, Language, language
from callmissed.voice.spoken.scripts import MARKS
from callmissed.voice.spoken.sheet import Scene, Sheet, compiled, words_pattern
from callmissed.voice.spoken.vocabulary import keywords

PHRASES = MappingProxyType(
    {
        r"\be\.\s?g\.,?": "for example,", r"\bi\.\s?e\.,?": "that is,",
        r"\b[Hh]\.?\s?No\b\.?": "house number", r"\bw/o\b": "without",
        r"\bw/(?=\s)": "with", r"\ba/c\b": "account", r"\bA/C\b": "account", r"\band/or\b": "and or",
        r"\bc/o\b": "care of",
        r"\ba\.k\.a\.": "also known as", r"\bN/A\b": "not available",
        r"\bn/a\b": "not available", r"\bP\.?S\.(?=\s|$)": "P S",
    }
)  # fmt: skip
TITLE = compiled(rf"\b({words_pattern(list(TITLES))})\.")
PLACE = compiled(rf"\b({words_pattern(list(PLACES))})\.(?!\w)")
SAINT_OR_STREET = compiled(r"\bSt\.")
SLASH = compiled(
    rf"(?:(?<=[^\W\d_])|(?<=[{MARKS}\uE000-\uF8FF]))\s?/\s?(?=[^\W\d_]|[\uE000-\uF8FF])"
)
INITIALS = compiled(r"(?<![A-Za-z])(?:[A-Z]\.){2,}(?![A-Za-z])")
NUMBER_SIGN = compiled(r"^[Nn]os?\.$")
INITIAL = compiled(r"^[A-Z]\.$")
SLASHES = compiled(r"(\b[A-Z]+)/(?=[A-Z]+\b)")


def say_signs(sheet: Sheet, scene: Scene) -> None:
    """Says abbreviations and the signs that stand between words."""
    text = sheet.text
    if "." in text or "/" in text:
        for pattern, said in PHRASES.items():
            text = compiled(pattern).sub(said, text)
        text = TITLE.sub(lambda match: TITLES[match[1]], text)
        text = PLACE.sub(lambda match: PLACES[match[1]] + _stop(match, scene), text)
        text = _saints(text, scene) if "St." in text else text
        text = INITIALS.sub(
            lambda match: " ".join(match.group().rstrip(".").split(".")) + _stop(match, scene), text
        )
        text = _initial(text, scene) if INITIAL.match(text) else text
        text = _number_sign(text, scene) if NUMBER_SIGN.match(text) else text
    text = _native_words(text, scene.language)
    sheet.text = _signs(text, scene.language)


def _stop(match: re.Match[str], scene: Scene) -> str:
    """An abbreviation at the very end of what is said ends the sentence too."""
    return "." if not scene.next_letter and not match.string[match.end() :].strip() else ""


def _saints(text: str, scene: Scene) -> str:
    """ "at St. Mary's" is a saint, "Church St." a street."""
    last = scene.before[-1] if scene.before else ""
    starts = not last[:1].isalpha() or last in language("en").stems("before_saint")
    if starts and scene.next_letter.isupper():
        return SAINT_OR_STREET.sub("Saint", text)
    return SAINT_OR_STREET.sub(lambda match: "Street" + _stop(match, scene), text)


def _initial(text: str, scene: Scene) -> str:
    """ "Dr. A. K. Sharma": the dot of an initial ends nothing."""
    last = scene.before[-1] if scene.before else ""
    return text[0] if len(last) == 1 or last in {title.lower() for title in TITLES} else text


def _number_sign(text: str, scene: Scene) -> str:
    """ "account no." is a number, "No." an answer."""
    language_words = keywords("keywords", scene.language.code)
    return "number" if scene.before and scene.before[-1] in language_words else text


def _native_words(text: str, words_of: Language) -> str:
    words = words_of.section("words")
    if not words or text.isascii():
        return text
    return _native_pattern(words_of).sub(lambda match: words[match[1]], text)


@lru_cache(maxsize=len(CODES))
def _native_pattern(words_of: Language) -> re.Pattern[str]:
    letters, names = words_of.letters, words_pattern(tuple(words_of.section("words")))
    return re.compile(rf"(?<![{letters}])({names})(?:\.|॰)?(?![{letters}])")


def _signs(text: str, words_of: Language) -> str:
    say = words_of.say
    if "/" in text:
        text = SLASHES.sub(r"\1 ", text)
        text = SLASH.sub(f" {say['or']} ", text)
        text = text.replace("/", " ")
    if "&" in text:
        text = text.replace("&", f" {say['and']} ")
    if "@" in text:
        text = text.replace("@", f" {say['at']} ")
    if "%" in text:
        text = text.replace("%", f" {say['percent'].replace('{}', '').strip()} ")
    if "+" in text:
        text = compiled(r"(?<=\w)\+\+").sub(" plus plus", text)
        text = text.replace("+", f" {say['plus']} ")
    if "=" in text:
        text = compiled(r"\s=\s").sub(f" {say['equals']} ", text)
    text = text.replace("¢", " cents ")
    if "₹" in text:
        text = text.replace("₹", f" {say_currency(words_of)} ")
    return text


def say_currency(words_of: Language) -> str:
    """The name of the rupee by itself."""
    return words_of.money["rupee"][1].replace("{}", "").strip()
