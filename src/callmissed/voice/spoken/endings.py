"""Numbers with letters of the language at them: 10वीं, 5-வது, ৫টি, ₹500కి; and numbers before a noun."""

import re
from functools import lru_cache

from callmissed.voice.spoken.languages import CODES, Language
from callmissed.voice.spoken.numbers import amount, cardinal, number, ordinal, quartered
from callmissed.voice.spoken.sheet import NUMBER, START, Scene, Sheet, words_pattern

DAY_SUFFIXES = frozenset(("লা", "রা", "ঠা", "ই", "শে"))
NAMED_ORDINALS = frozenset(("ம்", "ஆம்"))
OBLIQUE = "्या"


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
    return with_ending(sheet.read_back(match["said"]), match["ending"], language)


def with_ending(said: str, ending: str, language: Language) -> str:
    """Words with a case ending: ஆறு and ல் are ஆறில், రూపాయలు and కి are రూపాయలకి."""
    joined = language.section("ending_forms").get(ending)
    if joined is not None and said[-1:] in language.drop:
        return language.fill(joined, said)
    for plural, stem in language.section("before_ending").items():
        if said.endswith(plural):
            said = said[: -len(plural)] + ("" if ending.startswith(stem) else stem)
    return said + ending


def value(text: str, behind: str, language: Language) -> str:
    """A number, in the form before a noun where one follows it."""
    if not counts(behind, language):
        return number(text, language)
    if behind.lstrip().startswith(tuple(language.section("scale_words"))):
        return quartered(text, language) or amount(text, language)
    return amount(text, language)


def counts(behind: str, language: Language) -> bool:
    """Whether the text behind a number begins with a word for what is counted."""
    nouns = language.stems("nouns")
    return bool(nouns) and behind.lstrip().startswith(nouns)


@lru_cache(maxsize=len(CODES))
def suffixed_pattern(language: Language) -> re.Pattern[str]:
    """A number with letters of the language at it: 10वीं, 5-வது, 6కి, ৫টি."""
    return re.compile(rf"{START}(?P<n>{NUMBER})-?(?P<suffix>[{language.letters}]+)")


def suffixed(match: re.Match[str], language: Language) -> str:
    text, suffix = match["n"], match["suffix"]
    if suffix in language.stems("ordinal_suffixes") and text.isdigit() and len(text) < 7:
        return _native_ordinal(int(text), suffix, language)
    if suffix in DAY_SUFFIXES and text in language.section("days"):
        return language.section("days")[text]
    if suffix in language.stems("clitics"):
        return with_ending(
            language.section("hours").get(text) or number(text, language), suffix, language
        )
    return f"{value(text, suffix, language)} {suffix}"


def _native_ordinal(number_value: int, suffix: str, language: Language) -> str:
    stem = language.section("ordinal_stems").get(str(number_value))
    if stem and OBLIQUE in suffix:
        return f"{stem.removesuffix('र')}{suffix if stem.endswith('र') else OBLIQUE}"
    if stem:
        vowels = re.findall(r"[\u093e-\u094c]", suffix)
        return stem + (vowels[0] if vowels else "")
    words = cardinal(number_value, language)
    if language.section("ordinal_stems"):
        return words + suffix
    if suffix in NAMED_ORDINALS:
        return f"{words.rstrip(language.drop)}ாம்"
    return ordinal(number_value, language)
