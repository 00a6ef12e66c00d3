"""Short names of weekdays and months in the company that shows what they are: Mon–Fri, Sat & Sun, Jan–Mar."""

import re
from functools import lru_cache

from callmissed.voice.spoken.languages import CODES, Language
from callmissed.voice.spoken.sheet import DASH, IN_COMPANY, Scene, Sheet, compiled, words_pattern
from callmissed.voice.spoken.vocabulary import MONTHS, WEEKDAYS

LONGEST_SHORT_NAME = 5
WEEKDAY = words_pattern([form for name in WEEKDAYS for form in (name.title(), name.upper())])
MONTH = words_pattern([form for name in MONTHS for form in (name.title(), name.upper())])
HAS_NAME = re.compile(rf"(?<![A-Za-z])(?:{WEEKDAY}|{MONTH})(?![a-z])")
BETWEEN = rf"\.?\s*(?P<sign>{DASH}|\bto\b)\s*"
WEEKDAY_RANGE = rf"(?<![A-Za-z])(?P<first>{WEEKDAY}){BETWEEN}(?P<last>{WEEKDAY})(?![A-Za-z])"
MONTH_RANGE = rf"(?<![A-Za-z])(?P<first>{MONTH}){BETWEEN}(?P<last>{MONTH})(?![A-Za-z])"
ONE_WEEKDAY = rf"(?<![A-Za-z])(?P<name>{WEEKDAY})(?![A-Za-z])(?:\.(?=\s*[-–,]|\s+\S))?"


# Short names that are no words of their own; Sat, Sun and Mar are.
SURE_NAMES = (
    "Mon", "Tue", "Tues", "Wed", "Thu", "Thur", "Thurs", "Fri",
    "Jan", "Feb", "Apr", "Jul", "Aug", "Sep", "Sept", "Oct", "Nov", "Dec",
)  # fmt: skip
SURE = re.compile(rf"(?<![A-Za-z])(?P<name>{words_pattern(SURE_NAMES)})(?![A-Za-z'’-])\.?")


def say_weekdays(sheet: Sheet, scene: Scene) -> None:
    """Says short names in full; names that are written in full stay the words they are."""
    language = scene.language
    if language.stems("short_weekdays") and not sheet.text.isascii():
        sheet.say(_native_range(language), lambda match: _native(match, language))
    if not HAS_NAME.search(sheet.text):
        return
    found = re.findall(ONE_WEEKDAY, sheet.text)
    if len(found) > 1 or (found and IN_COMPANY.search(sheet.text)):
        until = f"(?:\\s+{language.say['until']})?" if "range_days" in language.say else ""
        sheet.say(compiled(WEEKDAY_RANGE + until), lambda match: _range(match, language))
        sheet.say(compiled(ONE_WEEKDAY), lambda match: _name(match["name"], language))
    sheet.say(compiled(MONTH_RANGE), lambda match: _range(match, language))
    sheet.say(SURE, lambda match: _name(match["name"], language) + sheet.lost_stop(match, scene))


def _range(match: re.Match[str], language: Language) -> str | None:
    first, last = match["first"], match["last"]
    if match["sign"] == "to" and not (_is_short(first) or _is_short(last)):
        return None
    template = language.say["range"]
    if first.lower() in WEEKDAYS:
        template = language.say.get("range_days", template)
    return language.fill(template, _name(first, language), _name(last, language))


@lru_cache(maxsize=len(CODES))
def _native_range(language: Language) -> re.Pattern[str]:
    names = words_pattern(language.stems("short_weekdays"))
    letters = language.letters
    return re.compile(
        rf"(?<![{letters}])(?P<first>{names})\.?\s*{DASH}\s*(?P<last>{names})\.?(?![{letters}])"
    )


def _native(match: re.Match[str], language: Language) -> str:
    names = language.stems("short_weekdays")
    ends = (language.weekdays[names.index(match[name])] for name in ("first", "last"))
    return language.fill(language.say.get("range_days", language.say["range"]), *ends)


def _is_short(name: str) -> bool:
    return len(name) <= LONGEST_SHORT_NAME and name.lower() not in {
        "march",
        "april",
        "june",
        "july",
    }


def _name(name: str, language: Language) -> str:
    lower = name.lower()
    if not _is_short(name):
        return name.title()
    return (
        language.weekdays[WEEKDAYS[lower]] if lower in WEEKDAYS else language.months[MONTHS[lower]]
    )
