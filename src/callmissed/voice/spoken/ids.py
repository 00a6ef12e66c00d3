"""Codes and ids: OTPs, order numbers, PIN codes, plates, B12, COVID-19, 5G, #482."""

import re

from callmissed.voice.spoken.languages import Language, language
from callmissed.voice.spoken.numbers import cardinal, spell_digits, whole
from callmissed.voice.spoken.phones import say_groups, split_digits
from callmissed.voice.spoken.sheet import END, HAS_DIGIT, START, Scene, Sheet, compiled
from callmissed.voice.spoken.vocabulary import UNITS, keywords

LONGEST_SPELT_LETTERS = 3
SHORTEST_CODE_DIGITS = 4
SHORTEST_BARE_DIGITS = 7
ROUND_ZEROS = "00000"
PIN_DIGITS = 6

MIXED = (
    r"(?<![0-9A-Za-z])(?=[0-9A-Za-z/-]*\d)(?=[0-9A-Za-z/-]*[A-Za-z])"
    r"(?P<code>[0-9A-Za-z]++(?:[-/][0-9A-Za-z]++)*+)(?![0-9A-Za-z])"
)
HASH = (
    rf"(?:(?:\b[Nn]o|\bNO|\bnos)\.?\s?)?#\s?(?P<code>\d++(?:-\d++)*+){END}"
    rf"|\b(?:No|NO|Nos|no|nos)\.\s?(?P<no>\d++){END}"
)
GROUPS = (
    rf"{START}(?P<code>\d++(?:[-/]\d++){{2,}}|\d{{4,}}(?:[- ]\d{{4,}})+|\d{{3,5}}(?: \d{{3,5}}){{2,3}}"
    rf"|\d{{3}} \d{{3}}){END}(?![.,]\d)"
)
NUMBER_SIGN = r"\b(?:No|NO|no|Nos|nos)\.\s?(?=[A-Za-z0-9/-]*\d)"
ORDINALS = r"\d+(?:st|nd|rd|th)(?:-\d+(?:st|nd|rd|th))?"
BARE = rf"{START}(?P<code>\d++){END}(?![.,:]\d|\s*%)"
UNIT_ALIASES = frozenset(UNITS)


def say_ids(sheet: Sheet, scene: Scene) -> None:
    """Says what is spelt: codes beside their names, long bare numbers, letters mixed with digits."""
    if not HAS_DIGIT.search(sheet.text):
        return
    sheet.say(compiled(HASH), lambda match: _numbered(match, scene.language))
    number_word = scene.language.say["number"].replace("{}", "").strip()
    sheet.text = compiled(NUMBER_SIGN).sub(f"{number_word} ", sheet.text)
    sheet.say(compiled(MIXED), lambda match: _mixed(match, language("en")))
    sheet.say(compiled(GROUPS), lambda match: _groups(match, sheet, scene))
    sheet.say(compiled(BARE), lambda match: _bare(match, sheet, scene))


def spell_mixed(text: str, words: Language) -> str:
    """Letters one by one, digits one by one, a pause between the groups in which they are written."""
    groups = [group for group in re.split(r"[^0-9A-Za-z]+", text) if group]
    return ", ".join([_spell(group, words) for group in groups])


def _spell(group: str, words: Language) -> str:
    return " ".join([words.small[int(char)] if char.isdigit() else char.upper() for char in group])


def _numbered(match: re.Match[str], language: Language) -> str:
    code = match["code"] or match["no"]
    said = spell_mixed(code, language) if "-" in code else short_or_spelt(code, language)
    return language.fill(language.say["number"], said)


def short_or_spelt(digits: str, language: Language) -> str:
    """A number of up to three digits as a number, a longer one digit by digit."""
    return (
        whole(digits, language)
        if len(digits) < SHORTEST_CODE_DIGITS
        else _in_groups(digits, language)
    )


def _in_groups(digits: str, language: Language) -> str:
    return ", ".join([spell_digits(group, language) for group in split_digits(digits)])


def _mixed(match: re.Match[str], words: Language) -> str | None:
    """Letters are English letters, so the digits among them are said in English everywhere."""
    code = match["code"]
    parts = re.findall(r"[A-Za-z]+|\d+", code)
    if _is_measure(parts) or compiled(ORDINALS, re.IGNORECASE).fullmatch(code):
        return None
    if len(parts) > 2:
        groups = re.split(r"[-/]", code)
        if any(group.isalpha() and group.islower() for group in groups):
            return " ".join([_part(group, words) for group in groups])
        if len(groups) > 1 and any(_is_a_word(part) for part in parts):
            return ", ".join([_part(group, words) for group in groups])
        return spell_mixed(code, words)
    first, second = parts
    if first.isalpha():
        return f"{_letters(first)} {_code_digits(second, words)}"
    return f"{_code_digits(first, words)} {_letters(second)}"


def _part(group: str, words: Language) -> str:
    if group.isalpha():
        return _letters(group)
    return _code_digits(group, words) if group.isdigit() else _spell(group, words)


def _is_measure(parts: list[str]) -> bool:
    """Digits with a unit behind them are left to the rules for units; "5G" and "4B" are not."""
    return (
        len(parts) == 2
        and parts[0].isdigit()
        and parts[1] in UNIT_ALIASES | {"k", "K", "in", "L", "Cr", "cr"}
    )


def _is_a_word(letters: str) -> bool:
    return len(letters) > LONGEST_SPELT_LETTERS and any(
        vowel in letters.lower() for vowel in "aeiou"
    )


def _letters(letters: str) -> str:
    if _is_a_word(letters) or (len(letters) > 1 and not letters.isupper()):
        return letters
    return " ".join(letters.upper())


def _code_digits(digits: str, language: Language) -> str:
    if len(digits) <= 2 and digits[0] != "0":
        return cardinal(int(digits), language)
    return spell_digits(digits, language)


def _groups(match: re.Match[str], sheet: Sheet, scene: Scene) -> str | None:
    code = match["code"]
    if re.fullmatch(r"\d{3} \d{3}", code):
        return say_groups(code, scene.language) if _is_pin(code, match, sheet, scene) else None
    return spell_mixed(code, scene.language)


def _bare(match: re.Match[str], sheet: Sheet, scene: Scene) -> str | None:
    digits = match["code"]
    before = sheet.words_before(match.start(), scene)
    language = scene.language
    nearest = set(before[-3:])
    if nearest & keywords("secret_keywords", language.code):
        return _in_groups(digits, language)
    if _names_a_code(digits, before, language) or _is_named_after(match, sheet, scene):
        return None if len(digits) < SHORTEST_CODE_DIGITS else _in_groups(digits, language)
    rooms = keywords("room_keywords", language.code)
    named = before[:-1] if before and before[-1] in {"no", "number"} else before
    if named and named[-1] in rooms and len(digits) > 2:
        return spell_digits(digits, language)
    if len(digits) == PIN_DIGITS and _is_pin(digits, match, sheet, scene):
        return spell_digits(digits, language)
    is_long = len(digits) >= SHORTEST_BARE_DIGITS and not digits.endswith(ROUND_ZEROS)
    return _in_groups(digits, language) if is_long and not _has_noun(match, sheet, scene) else None


def _names_a_code(digits: str, before: tuple[str, ...], language: Language) -> bool:
    """Whether one of the last words names a code: "order id is", "ending in", "PIN कोड"."""
    known = keywords("keywords", language.code)
    near = before[-1:] if before and before[-1] in known else before[-3:]
    if near and near[-1] in known:
        return near[-1] not in keywords("verb_keywords", "en") or not digits.endswith("00")
    linked = {"is", "in", "with", "as", "no", "code", "id", "है", "are", "the", "will", "be"}
    return len(near) > 1 and any(
        word in known and set(near[index + 1 :]) <= linked for index, word in enumerate(near[:-1])
    )


def _is_named_after(match: re.Match[str], sheet: Sheet, scene: Scene) -> bool:
    """ "4821 is your OTP"."""
    behind = sheet.text[match.end() :].lower()
    found = re.match(
        r"\s+(?:(?:is|as|your|the|my|our|आपका|आपकी|உங்கள்|మీ|আপনার|तुमचा|आपला)\s+)+(\S+?)[.,!?]?\s*$",
        behind,
    )
    return bool(found) and found[1] in keywords("keywords", scene.language.code)  # type: ignore[index]


def _is_pin(digits: str, match: re.Match[str], sheet: Sheet, scene: Scene) -> bool:
    """Six digits that close an address: behind a dash, a comma or a name, and nothing counted."""
    if digits[0] in "09" or _has_noun(match, sheet, scene):
        return False
    ahead = sheet.text[: match.start()].rstrip()
    return ahead.endswith(("-", "–", "—")) or (digits[-3:] != "000" and "," not in digits)


def _has_noun(match: re.Match[str], sheet: Sheet, scene: Scene) -> bool:
    """Whether the word behind the number is one that is counted: rupees, km, lakh."""
    behind = sheet.text[match.end() :].lstrip().lower()
    nouns = (*scene.language.stems("nouns"), "rupee", "rs", "lakh", "crore", "people", "units")
    return bool(behind) and (behind.startswith(nouns) or ord(behind[0]) >= 0xE000)
