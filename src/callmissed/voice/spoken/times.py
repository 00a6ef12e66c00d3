"""Times of day: 09:30, 6 pm, 18:45, 9-5 pm, 10:00–19:00, 9:30 बजे."""

import re
from functools import lru_cache

from callmissed.voice.spoken.languages import CODES, Language
from callmissed.voice.spoken.numbers import cardinal
from callmissed.voice.spoken.sheet import DASH, START, Scene, Sheet, compiled, words_pattern
from callmissed.voice.spoken.vocabulary import keywords

HALF_DAY = 12
QUARTERS = {15: "quarter", 30: "half", 45: "to_next"}
MARK = r"[aApP]\.?\s?[mM]\b\.?"
HOUR, MINUTE = r"\d{1,2}", r"[0-5]\d"
AFTER_TIME = r"(?![0-9:]|\.\d)"
HOURS_WRITTEN = r"(?:\s*(?:hrs|hours|Hrs|HRS)\b\.?)?"
MILITARY = rf"{START}(?P<h>[01]\d|2[0-3])(?P<m>{MINUTE})\s*(?:hrs|HRS|Hrs)\b\.?"


def say_times(sheet: Sheet, scene: Scene) -> None:
    """Says every time of day and every range of two."""
    text = sheet.text
    if not (":" in text or "m" in text.lower() or "hrs" in text.lower()):
        return
    language = scene.language
    sheet.say(_range_pattern(language), lambda match: _range(match, sheet, scene))
    sheet.say(_clock_pattern(language), lambda match: _single(match, sheet, scene))
    sheet.say(_marked_pattern(language), lambda match: _single(match, sheet, scene))
    sheet.say(compiled(MILITARY), lambda match: _military(match, sheet, scene))


def clock_time(
    hour: int, minute: int, language: Language, *, mark: str = "", known: bool = False
) -> str | None:
    """A time of day in words; None when no clock shows it.

    The part of the day is said where it is known: from am or pm (`mark`), from an hour that only
    a clock of 24 hours has, or because the caller of this function knows it.
    """
    if hour > 24:
        return None
    hour, sure = _on_day_clock(hour, mark)
    if language.code == "en":
        return _english(hour, minute, language, known=known or sure)
    said = _native(hour % HALF_DAY or HALF_DAY, minute, language)
    return f"{_part_of_day(hour, language)} {said}" if known or sure else said


def _on_day_clock(hour: int, mark: str) -> tuple[int, bool]:
    """The hour from 0 to 23, and whether the half of the day is sure."""
    if mark and hour <= HALF_DAY:
        return hour % HALF_DAY + (HALF_DAY if mark[0] in "pP" else 0), True
    return hour % 24, hour > HALF_DAY or hour == 0


def _english(hour: int, minute: int, language: Language, *, known: bool) -> str:
    words = cardinal(hour % HALF_DAY or HALF_DAY, language)
    if minute:
        words += f"{' oh ' if minute < 10 else ' '}{cardinal(minute, language)}"
    elif not known:
        return language.section("time")["exact"].replace("{h}", words)
    return f"{words} {'AM' if hour < HALF_DAY else 'PM'}" if known else words


def _native(hour: int, minute: int, language: Language) -> str:
    """A time on the clock of 12 hours, in the language's own way: साढ़े नौ बजे, ஒன்பதரை மணி."""
    table = language.section("time")
    name = QUARTERS.get(minute, "past") if minute else "exact"
    if name not in table and f"{name}_{hour}" not in table:
        name = "past"
    template = table.get(f"{name}_{hour}") or table[name]
    following = hour % HALF_DAY + 1
    words = _hour_words(hour, language)
    said = template.replace("{h}", words).replace("{h-}", words.rstrip(language.drop))
    return said.replace("{next}", _hour_words(following, language)).replace(
        "{m}", cardinal(minute, language)
    )


def _hour_words(hour: int, language: Language) -> str:
    return language.section("hours").get(str(hour)) or cardinal(hour, language)


def _part_of_day(hour: int, language: Language) -> str:
    parts = language.section("dayparts")
    begun = [int(start) for start in parts if int(start) <= hour]
    return parts[str(max(begun))]


def _single(match: re.Match[str], sheet: Sheet, scene: Scene) -> str | None:
    groups = match.groupdict()
    hour, minute, mark = int(match["h"]), int(groups["m"] or 0), groups["mark"] or ""
    if groups.get("s") and int(groups["s"]):
        return None
    language = scene.language
    said = clock_time(hour, minute, language, mark=mark)
    if said is None:
        return None
    said = _without_second_part(said, match, sheet, scene)
    if groups.get("word"):
        said = _with_hour_word(said, groups["word"], minute, language)
    if groups.get("case"):
        stems = language.stems("hour_words")
        said = f"{said}{groups['case']}" if said.endswith(stems) else said
    return said + sheet.lost_stop(match, scene)


def _with_hour_word(said: str, word: str, minute: int, language: Language) -> str:
    """The time with the hour word as the text has it, in the case that the sentence asks for."""
    table = language.section("time")
    if minute and "minute_stem" in table and table["minute_stem"] in said:
        head = said[: said.rindex(table["minute_stem"])]
        return head + word.replace(table["hour_stem"], table["minute_stem"])
    stem = words_pattern(language.stems("hour_words"))
    ends = compiled(rf"(?:{stem})[{language.letters}]*$")
    if ends.search(said):
        return ends.sub(word, said)
    if language.code == "ta":
        return f"{said.split(' மணி ')[0]} {cardinal(minute, language)} {word}"
    return said


def _range(match: re.Match[str], sheet: Sheet, scene: Scene) -> str | None:
    language = scene.language
    groups = match.groupdict()
    marks = (groups["mark"] or "", groups["mark2"] or "")
    if not (any(marks) or groups["m"] or (groups["m2"] and (groups["dash"] or groups["hours"]))):
        return None
    first, last = int(match["h"]), int(match["h2"])
    mark = marks[0]
    if marks[1] and not mark and first <= HALF_DAY:
        later = last % HALF_DAY < first % HALF_DAY and marks[1][0] in "pP"
        mark = ("a" if later else marks[1]) if later or language.code != "en" else ""
    day_clock = not any(marks) and (last > HALF_DAY or first > HALF_DAY)
    start = clock_time(first, int(groups["m"] or 0), language, mark=mark, known=day_clock)
    end = clock_time(last, int(groups["m2"] or 0), language, mark=marks[1], known=day_clock)
    if start is None or end is None:
        return None
    if language.code == "en" and marks[1] and not mark:
        start = start.removesuffix(" o'clock")
    start = _in_range(_without_second_part(start, match, sheet, scene), language)
    said = language.fill(language.say["range_time"], start, _in_range(end, language))
    return said + sheet.lost_stop(match, scene)


def _in_range(said: str, language: Language) -> str:
    for ending, replacement in language.section("time_in_range").items():
        if said.endswith(ending):
            return said[: -len(ending)] + replacement
    return said


def _without_second_part(said: str, match: re.Match[str], sheet: Sheet, scene: Scene) -> str:
    """Where the text names the part of the day already, it is not said twice."""
    before = sheet.words_before(match.start(), scene)
    parts = set(scene.language.section("dayparts").values()) | keywords("parts_of_day", "en")
    head, _, rest = said.partition(" ")
    return rest if before and before[-1] in parts and head in parts else said


def _military(match: re.Match[str], sheet: Sheet, scene: Scene) -> str | None:
    before = sheet.words_before(match.start(), scene)
    if not before or before[-1] not in keywords("time_words", "en"):
        return None
    return clock_time(int(match["h"]), int(match["m"]), scene.language, known=True)


@lru_cache(maxsize=len(CODES))
def _range_pattern(language: Language) -> re.Pattern[str]:
    between = "|".join(
        [f"(?P<dash>{DASH})", r"\bto\b", r"\btill\b", r"\buntil\b", *language.stems("from_words")]
    )
    until = f"(?:\\s*(?:{language.say['until']}))?" if "until" in language.say else ""
    word = _hour_word(language)
    return compiled(
        rf"{START}(?P<h>{HOUR})(?:[:.](?P<m>{MINUTE}))?\s*(?P<mark>{MARK})?(?:\s*{word})?\s*(?:{between})\s*"
        rf"(?P<h2>{HOUR})(?:[:.](?P<m2>{MINUTE}))?(?:\s*(?P<mark2>{MARK}))?(?![0-9A-Za-z:]|\.\d)(?P<hours>\s*{word})?{HOURS_WRITTEN}{until}"
    )


@lru_cache(maxsize=len(CODES))
def _clock_pattern(language: Language) -> re.Pattern[str]:
    return compiled(
        rf"{START}(?P<h>{HOUR}):(?P<m>{MINUTE})(?::(?P<s>{MINUTE}))?(?:\s*(?P<mark>{MARK}))?{AFTER_TIME}"
        rf"(?:{HOURS_WRITTEN}(?:\s*-?(?P<word>{_hour_word(language)}))?){_case(language)}"
    )


@lru_cache(maxsize=len(CODES))
def _marked_pattern(language: Language) -> re.Pattern[str]:
    return compiled(
        rf"{START}(?P<h>{HOUR})(?:\.(?P<m>{MINUTE}))?\s*(?P<mark>{MARK}){AFTER_TIME}{_case(language)}"
    )


def _hour_word(language: Language) -> str:
    stems = language.stems("hour_words")
    return rf"(?:{words_pattern(stems)})[{language.letters}]*" if stems else "(?!)"


def _case(language: Language) -> str:
    stems = language.stems("postpositions")
    return rf"(?:\s*-?(?P<case>{words_pattern(stems)})(?![{language.letters}]))?" if stems else ""
