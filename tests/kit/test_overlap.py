"""Words heard twice are found, whatever was misheard around the seam."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callmissed.kit.overlap import count_repeated, fold_word

WORDS = st.lists(st.integers(100, 999).map(str), unique=True, max_size=40)


@given(WORDS, st.data())
def test_a_seam_is_found_wherever_it_lies(words: list[str], data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(words)))
    start = data.draw(st.integers(0, end))
    before, after = words[:end], words[start:]
    repeated = count_repeated(before, after)
    assert before + after[repeated:] == words


@given(st.lists(st.sampled_from("ab"), max_size=9), st.lists(st.sampled_from("ab"), max_size=9))
def test_no_more_is_repeated_than_there_is(before: list[str], after: list[str]) -> None:
    assert 0 <= count_repeated(before, after) <= min(len(after), 2 * len(before))
    assert count_repeated(before, after, most=1) <= 1


@pytest.mark.parametrize(
    ("before", "after", "repeated"),
    [
        ("that is 1450", "1451 in all", 0),
        ("my number is nine eight", "nine eight seven six", 2),
        ("My number is Nine, eight", "nine eight. Seven six", 2),
        ("we want an appointment on saturday", "appointments on saturday morning please", 3),
        ("please book it for tomorrow at ten", "for morrow at ten in the morning", 4),
        ("मुझे अपॉइंटमेंट", "अपाइंटमेंट शनिवार को", 1),
        ("मुझे शनिवार को आना है।", "शनिवार को आना है और", 4),
        ("one two three", "four five six", 0),
        ("one two three", "", 0),
        ("", "one two", 0),
        ("nine nine", "nine nine nine two", 2),
    ],
)
def test_people_repeat_themselves_less_than_machines(
    before: str, after: str, repeated: int
) -> None:
    assert count_repeated(before.split(), after.split()) == repeated


def test_an_overlap_that_is_known_to_be_short_takes_no_more() -> None:
    assert count_repeated(["no", "no", "no"], ["no", "no", "no", "never"], most=1) == 1


def test_marks_and_case_are_no_part_of_a_word() -> None:
    assert fold_word("“Yes,”") == fold_word("yes") == "yes"
    assert fold_word("है।") == "है"
