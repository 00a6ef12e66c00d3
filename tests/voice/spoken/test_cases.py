"""What is written and how it is said, in tables that a speaker of the language can check."""

import csv
import unicodedata
from pathlib import Path

import pytest

from callmissed.voice.spoken import speak_forms

CASES = Path(__file__).parent / "cases"
COLUMNS = ["written", "spoken", "source", "reviewed"]
SOURCES = {"CLDR 47 via babel", "indic-numtowords", "usage"}
LEAST_ROWS = {"en-IN": 200, "hi-IN": 200, "ta-IN": 50, "te-IN": 50, "bn-IN": 50, "mr-IN": 50}


def rows(language: str) -> list[dict[str, str]]:
    with (CASES / f"{language}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize(
    ("language", "row"),
    [
        pytest.param(language, row, id=f"{language}: {row['written']}")
        for language in LEAST_ROWS
        for row in rows(language)
    ],
)
def test_it_is_said_as_people_say_it(language: str, row: dict[str, str]) -> None:
    said = speak_forms(row["written"].replace("\\n", "\n"), language)
    assert said == unicodedata.normalize("NFC", row["spoken"])
    assert speak_forms(said, language) == said


@pytest.mark.parametrize("language", LEAST_ROWS)
def test_each_table_is_whole(language: str) -> None:
    table = rows(language)
    assert len({row["written"] for row in table}) == len(table) >= LEAST_ROWS[language]
    for row in table:
        assert list(row) == COLUMNS
        assert row["source"] in SOURCES
        assert row["reviewed"] in {"yes", "no"}
