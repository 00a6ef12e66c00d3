"""No text, however odd or long, makes it raise or take more than its length."""

import pytest

from callmissed.voice.spoken import SpokenStream, speak_forms

ODD = [
    "", " ", "\n", "\x00", "\u200f\u200e\u202e", "\ufeff", "\ud800", "\ue000\uf8ff",
    "9999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999",
    "10^15", "111111111111111", "1e9", "-", "+", "#", "₹", "%", "@", "/", "*", "**",
    "[", "](", "<", "<a", "&", "&amp;", "&#0;", "&#1114112;", "½", "٣", "１２", "²", "①",
    "₹₹₹", "1,,,2", "1.2.3.4.5", "99/99/9999", "31/02/2026", "29/02/2023", "2026-13-45",
    "25:61", "24:00", "0 pm", "99 pm", "13 am", ":", "::", "12:", ":30", "+91", "+",
    "+1", "₹1,23,45,67,89,01,23,45,678.123456", "1-2-3-4-5-6", "A1B2C3D4", "e.g.",
    "i.e.", "p.m.", "Dr.", "St.", "No.", "Rs.", "Rs", "rs.rs.",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "🇮🇳", "1️⃣2️⃣",
    "क़ ़ ्", "் ா ொ", "\u0301\u0301", "İ", "ß", "ﬁ", "日本語 5", "ไทย 10", "שלום 5",
    "مرحبا ٥", "1\xa0000", "5\u2009km",
]  # fmt: skip
REPEATED = [
    "hello world 12 ", "9", "1,", "1.", "<[*_", "[ a ", "a1", " ", "\n", "1/", "1:",
    "1-", "a@", "a.", "http://a", "+9", "5x", "1 ", "Rs ", "₹", "<a ", "[x](", "1 x ",
    "नवंबर 1 ", "&#", "www.", "24/7 ", "Mon ", "9am-", "1 lakh ", "A-", "½", "~", "#1",
    "p.m. ", "10^", "\ud800", "ा", "\u200d",
]  # fmt: skip
LANGUAGES = [
    "en-IN",
    "hi-IN",
    "ta-IN",
    "te-IN",
    "bn-IN",
    "mr-IN",
    "gu-IN",
    "kn-IN",
    "ml-IN",
    "pa-IN",
    "od-IN",
    "as-IN",
    "ur-IN",
    "sat-IN",
    "",
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_odd_text_never_raises(language: str) -> None:
    for text in ODD:
        for around in ("{}", "pay {} now", "कुल {} है।", "{0}{0}", "{} 5", "5 {}"):
            said = speak_forms(around.format(text), language)
            assert not any(char.isdecimal() for char in said)


@pytest.mark.parametrize("unit", REPEATED, ids=ascii)
def test_what_repeats_without_end_is_said_before_the_clock_stops_it(unit: str) -> None:
    """Work that grew with the square of the length would outlast the time limit of a test."""
    text = (unit * 50_000)[:50_000]
    assert len(speak_forms(text, "hi-IN")) < 20 * len(text)


def test_a_megabyte_is_only_long() -> None:
    assert len(speak_forms("Your table for 4 is ready. " * 40_000, "en-IN")) > 1_000_000
    assert speak_forms("\u200f" * 1_000_000, "en-IN") == ""


def test_a_stream_of_single_letters_keeps_little() -> None:
    stream = SpokenStream("en-IN")
    heard = sum(len(stream.push("9")) for _ in range(20_000))
    assert heard > 60_000
