"""Dates: 21/11/2026 (day first), 21 Nov 2026, Nov 21, 2026-11-21, Mon–Fri, Nov 2026, 2025-26."""

import re
from datetime import date
from functools import lru_cache

from callmissed.voice.spoken.endings import counts
from callmissed.voice.spoken.languages import CODES, Language
from callmissed.voice.spoken.numbers import cardinal, ordinal, year
from callmissed.voice.spoken.sheet import (
    DASH,
    END,
    FIRST_KEPT,
    HAS_DIGIT,
    START,
    Scene,
    Sheet,
    compiled,
    words_pattern,
)
from callmissed.voice.spoken.times import clock_time
from callmissed.voice.spoken.vocabulary import MONTHS, keywords

LEAP_YEAR = 2024
SECOND_MILLENNIUM_END = 2000
MONTH_NAMES = words_pattern([name.title() for name in MONTHS] + [name.upper() for name in MONTHS])
SAFE_MONTHS = words_pattern(
    [name for name in MONTHS if name not in {"may", "mar", "march", "sept", "sep", "dec"}]
)
DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])"
SUFFIX = r"(?:st|nd|rd|th|ST|ND|RD|TH|লা|রা|ঠা|ই|শে)?"
HAS_LETTERS = re.compile(r"[^\W\d_]")
YEAR = r"(?P<year>\d{4}|['’]\d{2})"
SEP = r"\s*[-,./ ]\s*"
ISO = (
    rf"{START}(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})"
    rf"(?:[T ](?P<time>\d{{2}}:\d{{2}})(?::\d{{2}}(?:\.\d+)?)?(?:Z|[+-]\d{{2}}:?\d{{2}})?)?{END}"
)
NUMERIC = rf"{START}(?P<a>\d{{1,2}})(?P<sep>[-/.])(?P<b>\d{{1,2}})(?P=sep)(?P<year>\d{{4}}|\d{{2}}){END}(?![-/]\d)"
DAY_MONTH = rf"{START}(?P<day>\d{{1,2}})/(?P<month>\d{{1,2}}){END}(?!/)"
FISCAL = rf"{START}(?P<from>(?:19|20)\d{{2}})\s?{DASH}\s?(?P<to>(?:19|20)\d{{2}}|\d{{2}}){END}"
BARE_YEAR = rf"{START}(?P<year>(?:19|20)\d{{2}}){END}(?![.,]\d|%)"


DECADE = rf"{START}(?P<century>1[89]|20)(?P<tens>\d)0['’]?s(?![0-9A-Za-z])"


def say_dates(sheet: Sheet, scene: Scene) -> None:
    """Says every date in the text. A date that no calendar has is left to the rules for numbers."""
    language = scene.language
    text = sheet.text
    first_kept = len(sheet.kept)
    if HAS_DIGIT.search(text):
        if "-" in text or "/" in text or "." in text:
            sheet.say(compiled(ISO), lambda match: _iso(match, language))
            sheet.say(compiled(NUMERIC), lambda match: _numeric(match, language))
            sheet.say(compiled(DAY_MONTH), lambda match: _day_month(match, sheet, scene))
        if HAS_LETTERS.search(text):
            for pattern in _named(language):
                sheet.say(pattern, lambda match: _written(match, sheet, scene))
        if "19" in text or "20" in text:
            sheet.say(compiled(DECADE), lambda match: _decade(match, language))
            sheet.say(compiled(FISCAL), lambda match: _fiscal(match, language))
            sheet.say(compiled(BARE_YEAR), lambda match: _bare_year(match, sheet, scene))
    if len(sheet.kept) > first_kept + 1:
        _join_ranges(sheet, first_kept, language)


def _join_ranges(sheet: Sheet, first_kept: int, language: Language) -> None:
    """A dash between two dates is a range; between other things it is a pause."""
    dates = f"[{chr(FIRST_KEPT + first_kept)}-{chr(FIRST_KEPT + len(sheet.kept) - 1)}]"
    pattern = compiled(rf"(?P<first>{dates})\s*{DASH}\s*(?P<last>{dates})")
    sheet.say(
        pattern, lambda match: language.fill(language.say["range"], match["first"], match["last"])
    )


def full_date(
    day: int, month: int, year_number: int | None, language: Language, name: str = ""
) -> str:
    """Day and month, and the year if there is one, in the order in which the language says them.

    `name` is the month as the text spells it, where it is spelt in the language.
    """
    parts = {
        "day": ordinal(day, language) if language.code == "en" else _day(day, language),
        "month": name or language.months[month - 1],
        "year": "" if year_number is None else year(year_number, language),
    }
    return language.say["date" if year_number is None else "date_year"].format(**parts)


def _day(day: int, language: Language) -> str:
    return language.section("days").get(str(day)) or cardinal(day, language)


def _exists(day: int, month: int, year_number: int | None) -> bool:
    try:
        date(year_number or LEAP_YEAR, month, day)
    except ValueError:
        return False
    return True


def _year_number(text: str | None) -> int | None:
    if not text:
        return None
    digits = text.strip("'’")
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _iso(match: re.Match[str], language: Language) -> str | None:
    day, month, year_number = int(match["day"]), int(match["month"]), int(match["year"])
    if not _exists(day, month, year_number):
        return None
    said = full_date(day, month, year_number, language)
    if not match["time"]:
        return said
    hour, minute = (int(part) for part in match["time"].split(":"))
    time = clock_time(hour, minute, language, known=True)
    return None if time is None else language.say["date_time"].format(said, time)


def _numeric(match: re.Match[str], language: Language) -> str | None:
    day, month, year_number = int(match["a"]), int(match["b"]), _year_number(match["year"])
    if month > 12:
        day, month = month, day
    if match["sep"] == "." and len(match["year"]) == 2:
        return None
    return (
        full_date(day, month, year_number, language) if _exists(day, month, year_number) else None
    )


def _day_month(match: re.Match[str], sheet: Sheet, scene: Scene) -> str | None:
    day, month = int(match["day"]), int(match["month"])
    before = sheet.words_before(match.start(), scene)
    if (
        not before
        or before[-1] not in keywords("date_words", "en")
        or not _exists(day, month, None)
    ):
        return None
    return full_date(day, month, None, scene.language)


@lru_cache(maxsize=len(CODES))
def _named(language: Language) -> tuple[re.Pattern[str], ...]:
    """Patterns of dates with the month in letters, in English or in the language itself."""
    native = (
        words_pattern([*language.months, *language.more_months])
        if language.code != "en"
        else "(?!)"
    )
    letters = f"(?![A-Za-z{language.letters}])" if language.code != "en" else "(?![A-Za-z])"
    month = rf"(?P<month>{MONTH_NAMES}|{native})\.?{letters}"
    lower = rf"(?P<month>{SAFE_MONTHS})\b\.?"
    tail = rf"(?:{SEP}{YEAR}{END})?"
    ahead = f"(?<![A-Za-z{language.letters}])"
    return (
        compiled(
            rf"{START}{DAY}{SUFFIX}\s*{DASH}?\s*(?:{month}|{lower.replace('<month>', '<low>')}){tail}"
        ),
        compiled(
            rf"{ahead}{month}\s*(?P<first>){DAY}{SUFFIX}(?![0-9A-Za-z:]|[.,]\d|\s*%)(?:,?\s+{YEAR}{END}(?!:))?"
        ),
        compiled(rf"{ahead}{month}\s*[-,']?\s*(?P<year>(?:19|20)\d{{2}}){END}"),
    )


def _written(match: re.Match[str], sheet: Sheet, scene: Scene) -> str | None:
    said = _named_date(match, scene.language)
    return None if said is None else said + sheet.lost_stop(match, scene)


def _named_date(match: re.Match[str], language: Language) -> str | None:
    groups = match.groupdict()
    name = groups["month"] or groups.get("low") or ""
    month = _month_number(name, language)
    name = "" if name.lower() in MONTHS else name
    year_number = _year_number(groups["year"])
    if "day" not in groups:
        parts = {
            "month": name or language.months[month - 1],
            "year": year(year_number or 0, language),
        }
        return language.say["month_year"].format(**parts)
    day = int(match["day"])
    if not _exists(day, month, year_number):
        return None
    if language.code == "en" and "first" in groups:
        said = f"{language.months[month - 1]} {ordinal(day, language)}"
        return said if year_number is None else f"{said} {year(year_number, language)}"
    return full_date(day, month, year_number, language, name)


def _month_number(name: str, language: Language) -> int:
    if name.lower() in MONTHS:
        return MONTHS[name.lower()] + 1
    names = language.months if name in language.months else language.more_months
    return names.index(name) + 1


def _fiscal(match: re.Match[str], language: Language) -> str | None:
    first, last = int(match["from"]), match["to"]
    second = int(last) if len(last) == 4 else first // 100 * 100 + int(last)
    if second <= first:
        return None
    return language.fill(language.say["range"], year(first, language), year(second, language))


def _decade(match: re.Match[str], language: Language) -> str | None:
    if language.code != "en" or match["tens"] == "0":
        return None
    tens = cardinal(int(match["tens"]) * 10, language)
    plural = f"{tens[:-1]}ies" if tens.endswith("y") else f"{tens}s"
    return f"{cardinal(int(match['century']), language)} {plural}"


def _bare_year(match: re.Match[str], sheet: Sheet, scene: Scene) -> str | None:
    """In English behind a word like "in"; elsewhere where nothing counted follows a number like 1995."""
    number = int(match["year"])
    if scene.language.code != "en":
        counted = counts(sheet.text[match.end() :], scene.language)
        return None if number >= SECOND_MILLENNIUM_END or counted else year(number, scene.language)
    before = sheet.words_before(match.start(), scene)
    named = bool(before) and before[-1] in keywords("year_words", "en")
    return year(number, scene.language) if named else None
