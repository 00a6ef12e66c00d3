"""What is left of numbers: ordinals, fractions, ranges, sums, case endings, plain numbers."""

import re

from callmissed.voice.spoken.endings import counts, suffixed, suffixed_pattern, value
from callmissed.voice.spoken.languages import Language
from callmissed.voice.spoken.numbers import (
    amount,
    number,
    ordinal,
    span,
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
)

ORDINALS = rf"{START}(?P<n>\d{{1,4}})(?:st|nd|rd|th){DASH}(?P<to>\d{{1,4}})(?:st|nd|rd|th){END}"
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
DIFFERENCE = r"(?<=[0-9\uE000-\uF8FF)])\s+[-−–]\s+(?=[0-9\uE000-\uF8FF(])"
SUM = r"(?P<left>[0-9\uE000-\uF8FF)])\s*(?P<sign>[+=×÷*]|[xX](?=[\s\uE000-\uF8FF]))\s*(?=[0-9\uE000-\uF8FF(])"
BOUND = rf"(?P<sign>[~≈<>≤≥±])\s?(?P<n>{NUMBER}|[\uE000-\uF8FF])"
MORE = rf"{START}(?P<n>{NUMBER}|[\uE000-\uF8FF])\s?\+(?![0-9A-Za-z])"
SIGNED = rf"(?<![0-9A-Za-z\uE000-\uF8FF])(?P<sign>[-−+])(?P<n>{NUMBER}){END}"
POINT_FIRST = rf"(?<![0-9A-Za-z.])\.(?P<n>\d++){END}"
PLAIN = rf"(?P<n>{NUMBER})"
FULL_MARKS = frozenset(("10", "100"))
BOUNDS = {
    "~": "about",
    "≈": "about",
    "<": "less",
    ">": "more",
    "≤": "at_most",
    "≥": "at_least",
    "±": "plus_before",
}
SUMS = {
    "-": "minus",
    "−": "minus",
    "x": "dimension",
    "X": "dimension",
    "+": "plus",
    "=": "equals",
    "×": "product",
    "*": "product",
    "÷": "fraction",
}


def say_counting(sheet: Sheet, scene: Scene) -> None:
    """Says every number that no other rule has taken; no digit is left behind."""
    language = scene.language
    text = sheet.text
    sheet.say(compiled(BOUND), lambda match: _bound(match, sheet, language))
    if "=" in text or "+" in text:
        sheet.text = compiled(DIFFERENCE).sub(
            f" {language.fill(language.say['minus'], '').strip()} ", text
        )
    sheet.text = compiled(SUM).sub(lambda match: _sum(match, language), sheet.text)
    sheet.say(compiled(MORE), lambda match: _more(match, sheet, language))
    if not any(char.isdigit() or char in SIGN_FRACTIONS for char in text):
        return
    sheet.say(compiled(SIGN_FRACTION), lambda match: fraction(match.group(), language))
    sheet.say(compiled(MIXED_FRACTION), lambda match: fraction(match.group(), language))
    sheet.say(compiled(FRACTION), lambda match: _fraction(match, language))
    sheet.say(compiled(VERSION), lambda match: _version(match, language))
    sheet.say(compiled(POWER), lambda match: _pair("power", match["n"], match["by"], language))
    sheet.say(compiled(RATIO), lambda match: _pair("ratio", match["n"], match["to"], language))
    sheet.say(compiled(RANGE), lambda match: _range(match, sheet, language))
    sheet.say(compiled(ORDINALS), lambda match: _ordinals(match, language))
    sheet.say(compiled(ORDINAL), lambda match: ordinal(int(match["n"]), language))
    if language.code != "en":
        sheet.say(suffixed_pattern(language), lambda match: suffixed(match, language))
    sheet.say(compiled(SIGNED), lambda match: _signed(match, language))
    sheet.say(
        compiled(POINT_FIRST),
        lambda match: f"{language.say['point']} {spell_digits(match['n'], language)}",
    )
    sheet.say(compiled(PLAIN), lambda match: _plain(match, sheet, language))


def _plain(match: re.Match[str], sheet: Sheet, language: Language) -> str:
    return value(match["n"], sheet.text[match.end() :], language)


def _range(match: re.Match[str], sheet: Sheet, language: Language) -> str:
    said = span(match["n"], match["to"], language)
    until = language.say.get("until")
    return (
        said.removesuffix(f" {until}")
        if until and counts(sheet.text[match.end() :], language)
        else said
    )


def _ordinals(match: re.Match[str], language: Language) -> str:
    ends = ordinal(int(match["n"]), language), ordinal(int(match["to"]), language)
    return language.fill(language.say["range"], *ends)


def _pair(name: str, first: str, second: str, language: Language) -> str:
    template = language.say.get(name) or language.say["fraction"]
    return language.fill(template, number(first, language), number(second, language))


def _fraction(match: re.Match[str], language: Language) -> str:
    top, bottom = match["top"], match["bottom"]
    named = language.section("fractions").get(f"{top}/{bottom}")
    if named:
        return named
    is_score = "." in top or (bottom in FULL_MARKS and len(top) <= len(bottom))
    return _pair("out_of" if is_score else "fraction", top, bottom, language)


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
    word = language.say.get(SUMS[match["sign"].strip()], "")
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
