"""What is left of numbers: ordinals, fractions, ranges, sums, case endings, plain numbers."""

import re
from functools import lru_cache

from callmissed.voice.spoken.languages import CODES, Language
from callmissed.voice.spoken.numbers import (
    amount,
    cardinal,
    number,
    ordinal,
    spell_digits,
    whole,
)
from callmissed.voice.spoken.sheet import (
    DASH,
    END,
    NUMBER,
    START,
    Scene,
    Sheet,
    compiled,
    words_pattern,
)

ORDINAL = rf"{START}(?P<n>\d{{1,9}})(?:st|nd|rd|th|ST|ND|RD|TH){END}"
MIXED_FRACTION = rf"{START}\d{{1,6}}\s\d/\d{END}(?!/)"
FRACTION = rf"{START}(?P<top>{NUMBER})\s?/\s?(?P<bottom>{NUMBER}){END}(?!/)"
SIGN_FRACTION = r"(?:\d++\s?)?[½¼¾⅓⅔]"
SIGN_FRACTIONS = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3"}
BETWEEN = rf"(?:\s*{DASH}\s*|\s+to\s+)"
RANGE = rf"{START}(?P<n>{NUMBER}){BETWEEN}(?P<to>{NUMBER}){END}(?![-/]\d)"
VERSION = rf"{START}\d++(?:\.\d++){{2,}}{END}"
POWER = rf"{START}(?P<n>{NUMBER})\s?\^\s?(?P<by>{NUMBER}){END}"
RATIO = rf"{START}(?P<n>\d++):(?P<to>\d++){END}(?!:)"
SUM = r"(?P<left>[0-9\uE000-\uF8FF)])\s*(?P<sign>[+=×÷*])\s*(?=[0-9\uE000-\uF8FF(])"
BOUND = rf"(?P<sign>[~≈<>≤≥±])\s?(?P<n>{NUMBER}|[\uE000-\uF8FF])"
MORE = rf"{START}(?P<n>{NUMBER}|[\uE000-\uF8FF])\s?\+(?![0-9A-Za-z])"
SIGNED = rf"(?<![0-9A-Za-z\uE000-\uF8FF])(?P<sign>[-−+])(?P<n>{NUMBER}){END}"
POINT_FIRST = rf"(?<![0-9A-Za-z.])\.(?P<n>\d++){END}"
PLAIN = rf"(?P<n>{NUMBER})"
BOUNDS = {
    "~": "about",
    "≈": "about",
    "<": "less",
    ">": "more",
    "≤": "at_most",
    "≥": "at_least",
    "±": "plus_before",
}
DAY_SUFFIXES = frozenset(["লা", "রা", "ঠা", "ই", "শে"])
SUMS = {"+": "plus", "=": "equals", "×": "product", "*": "product", "÷": "fraction"}


def say_counting(sheet: Sheet, scene: Scene) -> None:
    """Says every number that no other rule has taken; no digit is left behind."""
    language = scene.language
    text = sheet.text
    sheet.say(compiled(BOUND), lambda match: _bound(match, sheet, language))
    if not any(char.isdigit() or char in SIGN_FRACTIONS for char in text):
        return
    sheet.say(compiled(SIGN_FRACTION), lambda match: fraction(match.group(), language))
    sheet.say(compiled(MIXED_FRACTION), lambda match: fraction(match.group(), language))
    sheet.say(compiled(FRACTION), lambda match: _fraction(match, language))
    sheet.say(compiled(VERSION), lambda match: _version(match, language))
    sheet.say(compiled(POWER), lambda match: _pair("power", match["n"], match["by"], language))
    sheet.say(compiled(RATIO), lambda match: _pair("ratio", match["n"], match["to"], language))
    sheet.say(compiled(RANGE), lambda match: _range(match, sheet, language))
    sheet.say(compiled(ORDINAL), lambda match: ordinal(int(match["n"]), language))
    if language.code != "en":
        sheet.say(_suffixed_pattern(language), lambda match: _suffixed(match, language))
    sheet.text = compiled(SUM).sub(lambda match: _sum(match, language), sheet.text)
    sheet.say(compiled(MORE), lambda match: _more(match, sheet, language))
    sheet.say(compiled(SIGNED), lambda match: _signed(match, language))
    sheet.say(
        compiled(POINT_FIRST),
        lambda match: f"{language.say['point']} {spell_digits(match['n'], language)}",
    )
    sheet.say(compiled(PLAIN), lambda match: _plain(match, sheet, language))


def say_endings(sheet: Sheet, scene: Scene) -> None:
    """Puts the case endings that the text has at a number to what was said for it: ₹500க்கு."""
    if scene.language.stems("clitics"):
        sheet.say(
            _ending_pattern(scene.language), lambda match: _ending(match, sheet, scene.language)
        )


@lru_cache(maxsize=len(CODES))
def _ending_pattern(language: Language) -> re.Pattern[str]:
    endings = words_pattern(language.stems("clitics"))
    return re.compile(rf"(?P<said>[\uE000-\uF8FF])-?(?P<ending>{endings})(?![{language.letters}])")


def _ending(match: re.Match[str], sheet: Sheet, language: Language) -> str:
    said = sheet.read_back(match["said"])
    for plural, stem in language.section("before_ending").items():
        if said.endswith(plural):
            said = said[: -len(plural)] + stem
    return said + match["ending"]


def _plain(match: re.Match[str], sheet: Sheet, language: Language) -> str:
    return _value(match["n"], sheet.text[match.end() :], language)


def _value(text: str, behind: str, language: Language) -> str:
    """A number, in the form before a noun where one follows it."""
    behind = behind.lstrip()
    if behind.startswith(language.stems("nouns") or ("\0",)):
        return amount(text, language)
    return number(text, language)


def _range(match: re.Match[str], sheet: Sheet, language: Language) -> str:
    first, last = match["n"], match["to"]
    behind = sheet.text[match.end() :]
    said = language.fill(
        language.say["range"], _value(first, behind, language), _value(last, behind, language)
    )
    until = language.say.get("until", "")
    if (
        until
        and language.say["range"].endswith(until)
        and behind.lstrip().startswith(language.stems("nouns"))
    ):
        return said.removesuffix(f" {until}")
    return said


def _pair(name: str, first: str, second: str, language: Language) -> str:
    template = language.say.get(name) or language.say["fraction"]
    return language.fill(template, number(first, language), number(second, language))


def _fraction(match: re.Match[str], language: Language) -> str:
    top, bottom = match["top"], match["bottom"]
    named = language.section("fractions").get(f"{top}/{bottom}")
    if named:
        return named
    return _pair("out_of" if "." in top else "fraction", top, bottom, language)


def fraction(text: str, language: Language) -> str | None:
    """A fraction as written ("1/2", "2 1/2", "1½"); None when it has no name of its own."""
    sign = text[-1]
    if sign in SIGN_FRACTIONS:
        count, part = text[:-1].strip(), SIGN_FRACTIONS[sign]
    else:
        count, _, part = text.rpartition(" ")
    if count.strip("0"):
        return _with_part(count, part, language)
    top, _, bottom = part.partition("/")
    return language.section("fractions").get(part) or _pair("fraction", top, bottom, language)


def _with_part(count: str, fraction: str, language: Language) -> str | None:
    """ "2 1/2": two and a half."""
    if fraction == "1/2" and language.section("halves"):
        return amount(f"{count}.5", language)
    named = language.section("fractions").get(fraction)
    if named is None:
        return None
    if language.code == "en":
        named = {"half": "a half"}.get(named, named)
        return f"{whole(count, language)} and {named}"
    return f"{whole(count, language)} {named}"


def _version(match: re.Match[str], language: Language) -> str:
    parts = match.group().split(".")
    point = language.say["dot" if len(parts) == 4 else "point"]
    return f" {point} ".join([number(part, language) for part in parts])


def _bound(match: re.Match[str], sheet: Sheet, language: Language) -> str | None:
    template = language.say.get(BOUNDS[match["sign"]])
    said = match["n"] if ord(match["n"][0]) >= 0xE000 else number(match["n"], language)
    return None if template is None else language.fill(template, sheet.read_back(said))


def _sum(match: re.Match[str], language: Language) -> str:
    sign = match["sign"]
    word = language.say.get(SUMS[sign], "")
    if "{" in word:
        word = word.replace("{}", "").strip()
    return f"{match['left']} {word} "


def _more(match: re.Match[str], sheet: Sheet, language: Language) -> str:
    said = match["n"] if ord(match["n"][0]) >= 0xE000 else number(match["n"], language)
    template = language.say.get("more_after")
    if template is None:
        return f"{said} {language.say['plus']}"
    return language.fill(template, sheet.read_back(said))


def _signed(match: re.Match[str], language: Language) -> str:
    template = language.say["minus" if match["sign"] != "+" else "plus_before"]
    return language.fill(template, number(match["n"], language))


@lru_cache(maxsize=len(CODES))
def _suffixed_pattern(language: Language) -> re.Pattern[str]:
    """A number with letters of the language at it: 10वीं, 5-வது, 6కి, ৫টি."""
    return compiled(rf"{START}(?P<n>{NUMBER})-?(?P<suffix>[{language.letters}]+)")


def _suffixed(match: re.Match[str], language: Language) -> str:
    text, suffix = match["n"], match["suffix"]
    if suffix in language.stems("ordinal_suffixes") and text.isdigit() and len(text) < 7:
        return _native_ordinal(int(text), suffix, language)
    if suffix in DAY_SUFFIXES and text in language.section("days"):
        return language.section("days")[text]
    if suffix in language.stems("clitics"):
        stem = language.section("hours").get(text)
        return f"{stem or number(text, language)}{suffix}"
    return f"{_value(text, suffix, language)} {suffix}"


def _native_ordinal(value: int, suffix: str, language: Language) -> str:
    stem = language.section("ordinal_stems").get(str(value))
    if stem:
        vowels = re.findall(r"[\u093e-\u094c]", suffix)
        return stem + (vowels[0] if vowels else "")
    template = language.section("ordinals").get("many", "{}")
    if str(value) in language.section("ordinals"):
        return ordinal(value, language)
    if language.code in {"hi", "mr"}:
        return f"{cardinal(value, language)}{suffix}"
    if suffix in {"ம்", "ஆம்"}:
        return f"{cardinal(value, language).rstrip(language.drop)}ாம்"
    return language.fill(template, cardinal(value, language))
