"""Numbers with a unit or a percent sign: 5 km, 37.5°C, 12.5%, 2 hrs 30 min, 10-15 mins, 10 x 12 ft."""

import re

from callmissed.voice.spoken.counting import fraction
from callmissed.voice.spoken.languages import Language, language
from callmissed.voice.spoken.money import scaled
from callmissed.voice.spoken.numbers import amount, is_one, number, ranged, span
from callmissed.voice.spoken.scripts import MARKS
from callmissed.voice.spoken.sheet import (
    DASH,
    HAS_DIGIT,
    KEPT,
    NUMBER,
    START,
    Scene,
    Sheet,
    compiled,
    words_pattern,
)
from callmissed.voice.spoken.vocabulary import SCALES, UNITS

ALIAS = words_pattern([name for name in UNITS if name != "x"])
BETWEEN = rf"(?:\s*{DASH}\s*|\s+to\s+|\s+से\s+|\s+ते\s+)"
MEASURE = (
    rf"(?<!\d/)(?:{START}(?P<minus>[-−–])|{START})(?P<n>{NUMBER})(?:{BETWEEN}(?P<to>{NUMBER}))?[\s-]?(?P<unit>{ALIAS})"
    rf"(?![A-Za-z²³°]|\.[A-Za-z])\.?(?=\W|$|[^\x00-\x7f])"
)
PERCENT = (
    rf"(?:{START}(?P<minus>[-−])|{START})(?P<n>{NUMBER})\s?%?(?:{BETWEEN}(?P<to>{NUMBER}))?"
    r"\s?(?:%|per\s?cent\b|pc\b)"
)
DIMENSION = (
    rf"{START}(?P<a>{NUMBER})\s?(?P<sign>[x×X*])\s?(?P<b>{NUMBER})(?:\s?(?P<unit>{ALIAS}))?"
    r"(?![0-9A-WYZa-wyz])"
)
PARTS = rf"{START}(?P<n>(?:\d++\s)?\d/\d|\d*+[½¼¾⅓⅔])\s?(?P<unit>{ALIAS})(?![A-Za-z])"
TIMES = rf"{START}(?P<n>{NUMBER})\s?[x×X](?![0-9A-Za-z])"
THOUSANDS = rf"{START}(?P<n>{NUMBER})\s?[kK](?![0-9A-Za-z])"
SCALE_NAMES = words_pattern([*SCALES, "Lakh", "Lakhs", "Crore", "Crores", "Million"])
SCALED = rf"{START}(?P<n>{NUMBER})\s?(?P<scale>{SCALE_NAMES})(?![0-9A-Za-z])"
CLOCK_SPAN = rf"{START}(?P<hour>\d{{1,2}}):(?P<minute>[0-5]\d):(?P<second>[0-5]\d)(?![0-9:])"
FEET = (
    rf"{START}(?P<ft>\d{{1,2}})(?:['’′]\s?|\s?(?:ft|feet)\.?\s)"
    r"(?P<inch>\d{1,2})(?:\"|”|″|''|\s?in(?:ch|ches)?(?![A-Za-z]))"
)
INCHES = rf"{START}(?P<n>{NUMBER})(?:[\"”″](?=\s|$)|in(?![A-Za-z]))"
PER = rf"(?P<amount>{KEPT})\s?/\s?(?P<unit>[^\W\d_](?:[^\W\d_]|[{MARKS}])*)(?!\.\s+\S)"
PLURAL = rf"{START}(?P<n>100|1,?000)s(?![0-9A-Za-z])"
PRESSURE = rf"{START}(?P<a>\d{{2,3}})/(?P<b>\d{{2,3}})\s?mm\s?Hg"
ROUND_THE_CLOCK = rf"{START}24\s?[x×X/]\s?7(?![0-9A-Za-z])"


def say_units(sheet: Sheet, scene: Scene) -> None:
    """Says every number that has a unit, a scale or a percent sign."""
    words = scene.language
    if not HAS_DIGIT.search(sheet.text):
        return
    sheet.say(compiled(ROUND_THE_CLOCK), lambda _: f"{amount('24', words)} {amount('7', words)}")
    sheet.say(compiled(CLOCK_SPAN), lambda match: _span(match, words))
    sheet.say(compiled(FEET), lambda match: _feet(match, words))
    if sheet.text.count('"') < 2 and "“" not in sheet.text:
        sheet.say(compiled(INCHES), lambda match: counted(match["n"], "inch", words))
    sheet.say(compiled(PERCENT), lambda match: _percent(match, words))
    sheet.say(compiled(PARTS), lambda match: _part(match, words))
    sheet.say(compiled(DIMENSION), lambda match: _dimension(match, words))
    sheet.say(compiled(PLURAL), lambda match: _plural(match, words))
    sheet.say(compiled(PRESSURE), lambda match: _pressure(match, words))
    sheet.say(compiled(MEASURE), lambda match: _measure(match, sheet, scene))
    sheet.say(compiled(TIMES), lambda match: counted(match["n"], "times", words))
    sheet.say(compiled(THOUSANDS), lambda match: f"{number(match['n'], words)} K")
    sheet.say(compiled(SCALED), lambda match: scaled(match["n"], match["scale"], words))


def say_rates(sheet: Sheet, scene: Scene) -> None:
    """Says the "/month" behind an amount that was said."""
    if "/" in sheet.text:
        sheet.say(compiled(PER), lambda match: _per(match, sheet, scene.language))


def counted(text: str, unit: str, words: Language) -> str:
    """A number as written, and its unit in the right number."""
    return f"{amount(text, words)} {unit_word(unit, words, one=is_one(text))}"


def unit_word(unit: str, words: Language, *, one: bool) -> str:
    """The name of a unit; in English where the language has no word for it here."""
    forms = words.units.get(unit) or language("en").units[unit]
    return forms[0] if one else forms[-1]


def _measure(match: re.Match[str], sheet: Sheet, scene: Scene) -> str | None:
    words = scene.language
    first, last = match["n"], match["to"]
    unit = _named_unit(match["unit"], words, one=is_one(first) and not last)
    said = (
        ranged(span(first, last, words), unit, words) if last else f"{amount(first, words)} {unit}"
    )
    said = words.fill(words.say["minus"], said) if match["minus"] else said
    return said + sheet.lost_stop(match, scene)


def _named_unit(alias: str, words: Language, *, one: bool) -> str:
    """A unit's name; a unit that is written as a word stays the word it is, in any language."""
    if alias in language("en").stems("whole_words"):
        return alias
    return unit_word(UNITS[alias], words, one=one)


def _part(match: re.Match[str], words: Language) -> str | None:
    said = fraction(match["n"], words)
    one = not match["n"][0].isdigit() or "/" in match["n"][:2]
    return None if said is None else f"{said} {_named_unit(match['unit'], words, one=one)}"


def _percent(match: re.Match[str], words: Language) -> str:
    first, last = match["n"], match["to"]
    said = span(first, last, words) if last else amount(first, words)
    until = f" {words.say['until']}" if "until" in words.say else ""
    closed = bool(last and until) and said.endswith(until)
    said = (
        words.fill(words.say["percent"], said.removesuffix(until) if closed else said)
        + until * closed
    )
    return words.fill(words.say["minus"], said) if match["minus"] else said


def _dimension(match: re.Match[str], words: Language) -> str:
    name = "product" if match["sign"] == "*" else "dimension"
    template = words.say.get(name) or words.say["fraction"]
    said = words.fill(template, amount(match["a"], words), amount(match["b"], words))
    return f"{said} {_named_unit(match['unit'], words, one=False)}" if match["unit"] else said


def _plural(match: re.Match[str], words: Language) -> str | None:
    """ "100s of people": hundreds."""
    if words.code != "en":
        return None
    return "hundreds" if match["n"] == "100" else "thousands"


def _pressure(match: re.Match[str], words: Language) -> str:
    said = words.fill(words.say["fraction"], amount(match["a"], words), amount(match["b"], words))
    return f"{said} {unit_word('mmhg', words, one=False)}"


def _span(match: re.Match[str], words: Language) -> str:
    parts = [(match[name].lstrip("0"), name) for name in ("hour", "minute", "second")]
    return " ".join([counted(text, name, words) for text, name in parts if text]) or counted(
        "0", "second", words
    )


def _feet(match: re.Match[str], words: Language) -> str:
    return f"{counted(match['ft'], 'ft', words)} {counted(match['inch'], 'inch', words)}"


def _per(match: re.Match[str], sheet: Sheet, words: Language) -> str:
    unit = match["unit"]
    name = unit_word(UNITS[unit], words, one=True) if unit in UNITS else unit
    return words.fill(words.say["per"], sheet.read_back(match["amount"]), name)
