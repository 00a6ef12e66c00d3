"""Captions of the caller's words: what has settled stays."""

from hypothesis import given
from hypothesis import strategies as st

from callmissed.voice.shown_words import ShownWords

WORDS = st.lists(st.sampled_from(["when", "are", "you", "open", "on", "Saturday"]), max_size=8)


def shown_of(*partials: str) -> list[str]:
    words = ShownWords()
    return [words.take_partial(partial) for partial in partials]


def test_words_are_shown_as_they_come() -> None:
    assert shown_of("when", "when are", "when are you") == ["when", "when are", "when are you"]


def test_the_last_words_may_still_change() -> None:
    assert shown_of("when are", "when are you", "when are your") == [
        "when are",
        "when are you",
        "when are your",
    ]


def test_a_word_that_settled_stays() -> None:
    *_, last = shown_of("when are you", "when are you open", "then are you open now")
    assert last == "when are you open now"


def test_a_transcript_told_twice_settles_nothing() -> None:
    *_, last = shown_of("when are you open", "when are you open", "then are you open")
    assert last == "then are you open"


def test_capitals_and_marks_are_no_change_of_mind() -> None:
    *_, last = shown_of("when are you", "When are you open", "When, are you open now")
    assert last == "When are you open now"


def test_the_next_utterance_begins_anew() -> None:
    words = ShownWords()
    words.take_partial("when are you")
    words.take_partial("when are you open")
    words.end()
    assert words.settled == ""
    assert words.take_partial("then") == "then"


@given(st.lists(WORDS, max_size=10))
def test_no_settled_word_is_ever_taken_back(partials: list[list[str]]) -> None:
    words, settled = ShownWords(), ""
    for partial in partials:
        shown = words.take_partial(" ".join(partial))
        assert words.settled.startswith(settled)
        assert shown.startswith(words.settled)
        settled = words.settled
