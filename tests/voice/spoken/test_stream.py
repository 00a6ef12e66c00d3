"""A stream says what the whole text says, however the text is cut."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from callmissed.voice.spoken import SpokenStream, speak_forms
from callmissed.voice.spoken.scripts import code_of_letter

PARTS = [
    "21 Nov 2026", "Nov 21, 2026", "21/11/2026", "2026-11-21T09:30", "Mon–Fri",
    "Mon, 21 Nov", "9 am - 6 pm", "9-5 pm", "6 p.m.", "18:45", "09:30", "₹1,25,000.50",
    "Rs. 500/-", "INR 2.5 lakh", "₹400 - ₹600", "500 rupees", "$20", "+91 98765 43210",
    "1800-123-4567", "(022) 2345 6789", "OTP 4821", "4821 is your OTP", "order #10482",
    "KA01AB1234", "COVID-19", "5G", "B12", "PIN 560001", "12.5%", "10-15 mins",
    "37.5°C", "5 km.", "10 x 12 ft", "2 hrs 30 min", "1/2 kg", "Dr. Rao",
    "12 MG Rd. Pune", "St. Mary's", "e.g. this", "**bold**", "- item", "1. item",
    "# Title", "\n", "\n\n", "<b>x</b>", "[the menu](https://a.in/m?x=1)",
    "https://a.in/x", "care@clinic.in", "clinic.in", "😀", "1️⃣", "—", "(closed)", "...",
    "?!", "hello", "world", "is", "your", "the", "to", "and", "order", "number", "may",
    "no", "sun", "आपका", "है", "रुपये", "नवंबर", "सुबह 9:30 बजे", "21 नवंबर 2026 को",
    "10वीं", "डॉ. राव", "₹५००", "காலை 9:30 மணிக்கு", "ரூ. 500", "5-வது", "6 PM కి",
    "৯:৩০টায়", "৫টি", "তারিখ", "सकाळी 9:30 वाजता", "12 345", "1", "007", "-5", "~5",
    "5+", "½", "\u200f", "\x00", "\ue000", "½ kg", "a.b", "Lyve Kit", "kit",
    "New Delhi Station", "new delhi", "Re", "Rs", "₹", "#", "+", "-", "*", "/", "<a",
    "[", "](", "1,2", ".5",
]  # fmt: skip
LANGUAGES = ["en-IN", "hi-IN", "ta-IN", "te-IN", "bn-IN", "mr-IN", "kn-IN", "ur-IN", "xx"]
DICTIONARY = {
    "kit": "kitt",
    "Lyve Kit": "live kit",
    "New Delhi Station": "NDLS",
    "new delhi": "nai dilli",
    "5G": "five jee",
}

OPEN_MARKUP = {"<a", "[", "]("}
GAPS = [" ", " ", " ", "", "\n", ", ", ". "]
TEXTS = st.lists(
    st.tuples(st.one_of(st.sampled_from(PARTS), st.text(max_size=6)), st.sampled_from(GAPS)),
    max_size=12,
).map(lambda parts: "".join([part + gap for part, gap in parts]))


def of_one_script(language: str) -> list[str]:
    """The parts that a text in one language and in English can have."""
    code = language.split("-")[0]
    return [
        part
        for part in PARTS
        if {code_of_letter(char, code) for char in part if char.isalpha()} <= {"en", code, None}
        and part not in OPEN_MARKUP
    ]


SENTENCES = st.sampled_from(LANGUAGES).flatmap(
    lambda language: st.tuples(
        st.lists(st.sampled_from(of_one_script(language)), max_size=12).map(" ".join),
        st.just(language),
    )
)


def cut(text: str, cuts: list[int]) -> list[str]:
    places = sorted({place % (len(text) + 1) for place in cuts})
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


@settings(max_examples=600, deadline=None)
@given(
    TEXTS, st.lists(st.integers(0, 10_000), max_size=30), st.sampled_from(LANGUAGES), st.booleans()
)
def test_any_cut_says_the_same(
    text: str, cuts: list[int], language: str, has_dictionary: bool
) -> None:
    dictionary = DICTIONARY if has_dictionary else {}
    stream = SpokenStream(language, dictionary)
    said = "".join([stream.push(piece) for piece in cut(text, cuts)]) + stream.flush()
    assert said == speak_forms(text, language, dictionary)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(LANGUAGES))
def test_one_letter_at_a_time_says_the_same(text: str, language: str) -> None:
    stream = SpokenStream(language, DICTIONARY)
    said = "".join([stream.push(char) for char in text]) + stream.flush()
    assert said == speak_forms(text, language, DICTIONARY)


@settings(max_examples=600, deadline=None)
@given(TEXTS, st.sampled_from(LANGUAGES))
@example("10^15", "en-IN")
def test_nothing_is_left_that_a_voice_cannot_say(text: str, language: str) -> None:
    said = speak_forms(text, language)
    assert not any(char.isdigit() and char.isdecimal() for char in said)
    assert not set(said) & set("₹$%@#*_`<>[]{}|/\\\x00\u200f\ue000")
    assert said == said.strip()
    assert "  " not in said


@settings(max_examples=600, deadline=None)
@given(SENTENCES)
def test_what_is_spoken_already_stays(written: tuple[str, str]) -> None:
    text, language = written
    said = speak_forms(text, language)
    assert speak_forms(said, language) == said


PAY = " one lakh twenty five thousand rupees"
DAY = " twenty first November twenty twenty six"


@pytest.mark.parametrize(
    ("pieces", "heard"),
    [
        (["Hello there", " fri"], ["Hello", " there"]),
        (["Pay ₹1,", "25,000 ", "by", " noon"], ["Pay", "", PAY, " by"]),
        (["On 21 ", "Nov ", "2026 ", "wh"], ["On", "", "", DAY]),
        (["Room 12 ", "rup"], ["Room", ""]),
        (["Room 12 ", "app"], ["Room", " twelve"]),
        (["Room 12 ", "is qu"], ["Room", " twelve is"]),
        (["Room 12 ", "qu"], ["Room", " twelve"]),
    ],
)
def test_words_go_out_as_soon_as_nothing_can_change_them(
    pieces: list[str], heard: list[str]
) -> None:
    stream = SpokenStream("en-IN")
    assert [stream.push(piece) for piece in pieces] == heard


def test_a_flush_begins_a_new_text() -> None:
    stream = SpokenStream("en-IN")
    assert stream.push("Your OTP is") + stream.flush() == "Your OTP is"
    assert stream.push("4821") + stream.flush() == speak_forms("4821", "en-IN")
