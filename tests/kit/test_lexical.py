"""Finding texts by the words of a question."""

import pytest

from callmissed.kit.english import stem
from callmissed.kit.lexical import Entry, LexicalIndex, likeness, stems_of, terms_of, words_of

SHOP = LexicalIndex(
    [
        Entry("Opening hours", "We are open Monday to Friday from nine to six."),
        Entry("Delivery", "Standard delivery takes three days and costs five dollars."),
        Entry("Returns", "You can return an article within thirty days."),
        Entry("दुकान", "हमारी दुकान रविवार को बंद रहती है।"),
    ]
)


def best(question: str) -> int | None:
    hits = SHOP.search(question, limit=1)
    return hits[0].position if hits else None


def test_the_text_that_shares_words_is_found() -> None:
    assert best("how long does the delivery take") == 1


def test_a_word_of_another_ending_or_meaning_finds_it_too() -> None:
    assert best("do you ship") == 1
    assert best("when are you closing") == 0
    assert best("can I give it back, I want a refund") == 2


def test_a_misheard_word_finds_what_sounds_like_it() -> None:
    assert best("what does the delivary cost") == 1
    assert best("i want to retern this") == 2


def test_a_question_about_something_else_finds_nothing() -> None:
    assert SHOP.search("who is the prime minister") == []
    assert SHOP.search("the and of") == []
    assert SHOP.search("") == []


def test_an_index_of_nothing_finds_nothing() -> None:
    assert LexicalIndex([]).search("delivery") == []


def test_an_indian_script_is_searched_by_whole_words() -> None:
    assert words_of("हमारी दुकान रविवार को बंद है।") == ["हमारी", "दुकान", "रविवार", "को", "बंद", "है"]
    assert best("रविवार") == 3


@pytest.mark.parametrize("spelling", ["x-ray", "x ray", "X. ray", "X-Ray"])
def test_letters_said_one_by_one_make_one_word(spelling: str) -> None:
    assert [term.stem for term in terms_of(f"an {spelling} please")] == ["xray"]


def test_spelled_letters_join_and_apostrophes_do_not_tear() -> None:
    assert words_of("an m r i, an M.R.I. and a doctor's MRI") == (
        ["an", "mri", "an", "mri", "and", "a", "doctor", "mri"]
    )
    assert words_of("don't it's") == ["dont", "it"]


def test_a_hyphened_word_counts_as_one_and_as_its_parts() -> None:
    assert stems_of("follow-up visit") == ["followup", "follow", "visit"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("parking", "parked"), ("cancelled", "cancellation"), ("vaccine", "vaccinated")],
)
def test_forms_of_a_word_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_likeness_is_of_sound_and_spelling_and_not_of_short_words() -> None:
    assert likeness("appointment", "appointmant") > 0.8
    assert likeness("car", "card") == 0
    assert likeness("weather", "there") == 0


def test_a_long_question_and_odd_characters_do_no_harm() -> None:
    assert isinstance(SHOP.search("\x00 ☃ " + "delivery " * 5000), list)
