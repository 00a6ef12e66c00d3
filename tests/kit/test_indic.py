"""Words of India's languages: one stem for their forms, one sound in any script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callmissed.kit.concepts import in_english_days
from callmissed.kit.english import days_in
from callmissed.kit.indic import in_latin, sound_key, sound_likeness, stem_indic
from callmissed.kit.lexical import Entry, LexicalIndex, words_of
from callmissed.kit.looking_up import look_up, points_back


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("दवाई", "dawai"),
        ("कीमत", "keemat"),
        ("समय", "samay"),
        ("ரயில்", "rayil"),
        ("কলকাতা", "kalkata"),
    ],
)
def test_a_word_sounds_the_same_in_latin_letters(one: str, other: str) -> None:
    assert sound_key(one) == sound_key(other)
    assert sound_likeness(one, other) >= 0.7


@pytest.mark.parametrize(
    "forms",
    ["खुलता खुलती खुलते", "डॉक्टर डॉक्टरों", "மருத்துவமனை மருத்துவமனையில்", "பேருந்து பேருந்தில்"],
)
def test_forms_of_a_word_share_their_beginning(forms: str) -> None:
    stems = [stem_indic(word) for word in forms.split()]
    assert all(stem.startswith(min(stems, key=len)) for stem in stems)


@given(st.text(alphabet=st.characters(min_codepoint=0x0900, max_codepoint=0x0D7F), max_size=20))
def test_no_word_of_the_indic_blocks_breaks_anything(word: str) -> None:
    assert in_latin(word).isascii() or not word.isprintable()
    assert sound_key(word) == sound_key(word)
    assert stem_indic(word) == word or word.startswith(stem_indic(word))
    look_up(word)


def test_spans_of_weekdays_hold_the_days_between() -> None:
    assert "wednesday" in days_in(in_english_days("सोमवार से शनिवार"))
    assert "tuesday" in days_in(in_english_days("Mon-Fri", short=True))
    assert "sunday" not in days_in(in_english_days("திங்கள் முதல் சனி வரை"))


def test_letters_that_are_spelled_are_one_word() -> None:
    assert words_of("the e n t doctor") == ["the", "ent", "doctor"]
    assert "ct" in [term.stem for term in look_up("cost of a c t scan").terms]


def test_a_question_that_points_back_is_asked_with_the_one_before() -> None:
    index = LexicalIndex(
        [Entry("Yoga", "It costs 200 rupees."), Entry("Massage", "It costs 900 rupees.")]
    )
    assert points_back("and how much is it")
    assert not points_back("how much is the ayurvedic massage")
    terms = look_up("and how much does it cost", ["tell me about the massage"]).terms
    assert index.search_terms(terms)[0].position == 1
