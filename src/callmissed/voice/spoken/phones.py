"""Phone numbers, digit by digit in the groups in which they are said."""

import re

from callmissed.voice.spoken.languages import Language
from callmissed.voice.spoken.numbers import spell_digits
from callmissed.voice.spoken.sheet import HAS_DIGIT, START, Scene, Sheet, compiled
from callmissed.voice.spoken.vocabulary import keywords

SHORTEST_DIGITS, LONGEST_DIGITS = 7, 15
MOBILE_DIGITS = 10
GROUP_DIGITS = 4
ALONE = rf"(?<!\d-){START}"
NO_MORE = r"(?![0-9A-Za-z]|[-./:]\d|,\d|\s*%)"

INTERNATIONAL = (
    r"(?<![0-9A-Za-z+])\+\s?(?P<country>\d{1,3})[-. ]?"
    rf"(?P<rest>\(?\d{{2,10}}\)?(?:[-. ]?\(?\d{{2,5}}\)?){{0,4}}){NO_MORE}"
)
WITH_CODE = rf"{ALONE}(?P<country>91)[- ]?(?P<rest>[6-9]\d{{4}}[- ]?\d{{5}}){NO_MORE}"
TOLL_FREE = (
    rf"{ALONE}(?P<rest>1[89]\d0[- ]\d{{2,4}}(?:[- ]?\d{{2,4}}){{1,2}}|1[89]00\d{{6,7}}){NO_MORE}"
)
MOBILE = (
    rf"{ALONE}(?P<rest>0?[6-9]\d{{4}}[- ]?\d{{5}}|[6-9]\d{{2}}[- ]\d{{3}}[- ]\d{{4}}"
    rf"|[6-9]\d{{3}}[- ]\d{{3}}[- ]\d{{3}}){NO_MORE}"
)
LANDLINE = rf"{ALONE}(?P<rest>\(0\d{{2,4}}\)\s?\d{{3,4}}[- ]?\d{{3,5}}|0\d{{2,4}}[- ]\d{{3,4}}[- ]?\d{{3,5}}){NO_MORE}"
NAMED = rf"{ALONE}(?P<rest>\d{{3,6}}(?:[- ]\d{{2,6}}){{0,3}}|\d{{7,13}}){NO_MORE}"


def say_phones(sheet: Sheet, scene: Scene) -> None:
    """Says numbers that are written as phone numbers are, and numbers beside a word for phone."""
    language = scene.language
    if not HAS_DIGIT.search(sheet.text):
        return
    if "+" in sheet.text:
        sheet.say(compiled(INTERNATIONAL), lambda match: _international(match, language))
    sheet.say(compiled(WITH_CODE), lambda match: _with_code(match, language))
    for pattern in (TOLL_FREE, MOBILE, LANDLINE):
        sheet.say(compiled(pattern), lambda match: say_groups(match["rest"], language))
    sheet.say(compiled(NAMED), lambda match: _named(match, sheet, scene))


def say_groups(text: str, language: Language) -> str:
    """Digits in the groups in which they are written, or in those of their length."""
    groups = re.findall(r"\d+", text)
    if len(groups) == 1:
        groups = split_digits(groups[0])
    return ", ".join([spell_digits(group, language) for group in groups])


def split_digits(digits: str) -> list[str]:
    """A run of digits cut for the ear: 5 and 5 for a mobile number, else fours; short ones whole."""
    if len(digits) == MOBILE_DIGITS:
        return [digits[:5], digits[5:]]
    if len(digits) == MOBILE_DIGITS + 1 and digits[0] == "0":
        return [digits[:6], digits[6:]]
    if len(digits) < SHORTEST_DIGITS:
        return [digits]
    return [digits[start : start + GROUP_DIGITS] for start in range(0, len(digits), GROUP_DIGITS)]


def _with_code(match: re.Match[str], language: Language) -> str:
    return f"{spell_digits(match['country'], language)}, {say_groups(match['rest'], language)}"


def _international(match: re.Match[str], language: Language) -> str | None:
    country, rest = match["country"], match["rest"]
    digits = re.sub(r"\D", "", country + rest)
    if not SHORTEST_DIGITS <= len(digits) <= LONGEST_DIGITS:
        return None
    if not re.search(r"\D", rest) and len(digits) == 12 and digits.startswith("91"):
        country, rest = digits[:2], digits[2:]
    elif digits.startswith("1") and len(digits) == 11:
        country, rest = "1", match.group().strip("+ ")[1:]
    plus = language.say.get("country_plus", language.say["plus"])
    return f"{plus} {spell_digits(country, language)}, {say_groups(rest, language)}"


def _named(match: re.Match[str], sheet: Sheet, scene: Scene) -> str | None:
    before = sheet.words_before(match.start(), scene)
    known = keywords("phone_keywords", scene.language.code)
    digits = len(re.sub(r"\D", "", match["rest"]))
    direct = bool(before) and before[-1] in {"dial", "डायल"}
    if not direct and (digits < SHORTEST_DIGITS or not any(word in known for word in before)):
        return None
    return say_groups(match["rest"], scene.language)
