"""The tables of words against the libraries that carry such words."""

import pytest
from babel import Locale
from indic_numtowords import num2words

from callmissed.voice.spoken.languages import CODES, code_of, language
from callmissed.voice.spoken.numbers import cardinal, spell_digits

SUNDAY_LAST = 6
NUMBERS = [0, 7, 12, 20, 45, 100, 101, 200, 999, 1_000, 10_000, 12_500, 150_000, 2_500_000]


@pytest.mark.parametrize("code", CODES)
def test_months_and_weekdays_are_those_of_cldr(code: str) -> None:
    locale = Locale.parse("en_IN" if code == "en" else code)
    months = [locale.months["format"]["wide"][number] for number in range(1, 13)]
    days = [locale.days["format"]["wide"][number] for number in (SUNDAY_LAST, *range(6))]
    table = language(code)
    assert [name.replace("’", "") for name in months] == list(table.months)
    assert days == list(table.weekdays)


# Numbers where the library itself is right in the languages that we put together ourselves.
@pytest.mark.parametrize("code", ["en", "hi", "bn", "ta", "as", "or"])
@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_agree_with_the_library(code: str, number: int) -> None:
    ours = cardinal(number, language(code))
    theirs = " ".join(num2words(number, lang=code).replace("\u200c", "").split())
    assert ours.replace(" ", "") == theirs.replace(" ", "")


@pytest.mark.parametrize("code", CODES)
def test_every_number_has_words_of_its_own(code: str) -> None:
    table = language(code)
    said = [
        cardinal(number, table)
        for number in (*range(1_200), 99_999, 100_000, 10**7, 10**9, 10**12, 10**14 - 1)
    ]
    assert len(set(said)) == len(said)
    assert all(said)


@pytest.mark.parametrize("code", CODES)
def test_every_template_can_be_filled(code: str) -> None:
    table = language(code)
    assert spell_digits("0123456789", table).count(" ") >= 9
    for name in ("minus", "percent", "number"):
        assert "5" in table.fill(table.say[name], "5")
    for name in ("range", "fraction", "per"):
        said = table.fill(table.say[name], "5", "6")
        assert "5" in said
        assert "6" in said


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("hi-IN", "hi"),
        ("od-IN", "or"),
        ("en", "en"),
        ("ta_IN", "ta"),
        ("fr-FR", None),
        ("unknown", None),
    ],
)
def test_a_language_tag_names_a_table(tag: str, code: str | None) -> None:
    assert code_of(tag) == code
