"""In which language a caller is answered, told by what they said."""

import pytest

from callmissed.voice.language import Following, follow, spoken_language

EN, HI, TA = "en-IN", "hi-IN", "ta-IN"


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        (EN, [("मुझे शनिवार को आना है", HI)], HI),
        (EN, [("mujhe kal aana hai", HI)], HI),
        (HI, [("what are your opening hours", EN)], EN),
        (EN, [("எனக்கு நாளை வர வேண்டும்", TA)], TA),
        (HI, [("मला उद्या यायचे आहे", "mr-IN")], "mr-IN"),
        # one short thing changes nothing, two in a row do
        (EN, [("कब", HI)], EN),
        (EN, [("कितना पैसा", HI)], EN),
        (EN, [("कितना पैसा", HI), ("कल सुबह", HI)], HI),
        (EN, [("कितना पैसा", HI), ("that is fine", EN), ("कल सुबह", HI)], EN),
        (EN, [("कितना", HI), ("நாளை", TA)], EN),
        # what is said in every language tells nothing
        (HI, [("okay", EN), ("yes yes", EN), ("thank you", EN), ("no thank you", EN)], HI),
        (EN, [("haan ji", HI), ("achha", HI), ("theek hai", HI)], EN),
        (EN, [("हाँ", HI), ("अच्छा ठीक", HI)], EN),
        (EN, [("कितना पैसा", HI), ("okay", EN), ("कल सुबह", HI)], HI),
        # mixed speech stays with the language that carries it
        (HI, [("मुझे Saturday को appointment book करना है", HI)], HI),
        (HI, [("मुझे Saturday को appointment book करना है", EN)], HI),
        (EN, [("मुझे Saturday को appointment book करना है", HI)], HI),
        (EN, [("mujhe Saturday ko appointment book karna hai", EN)], HI),
        (EN, [("so I want to book for my mummy ji kal", HI)], EN),
        (HI, [("haan so I want to book it for tomorrow", EN)], EN),
        (HI, [("doctor appointment Saturday morning", EN)], HI),
        (HI, [("doctor appointment Saturday morning", EN), ("Apollo clinic", EN)], EN),
        (EN, [("I want kal subah ka time please", HI)], HI),
        (EN, [("I want kal ka time please", HI)], EN),
        (HI, [("I want kal ka time please", EN)], HI),
        # a recogniser that cannot tell changes nothing
        (EN, [("मुझे शनिवार को आना है", None)], EN),
        (EN, [("मुझे शनिवार को आना है", "unknown")], EN),
        (EN, [("", HI)], EN),
        # there and back
        (EN, [("मुझे शनिवार को आना है", HI), ("no I mean on Sunday", EN)], EN),
        ("en", [("मुझे शनिवार को आना है", "hi")], "hi"),
        (EN, [("मुझे शनिवार को आना है", "hi")], "hi"),
        (EN, [("what are your opening hours", "en")], EN),
        (EN, [("ମୁଁ କାଲି ଆସିବି", "od-IN")], "od-IN"),
    ],
)
def test_the_answer_follows_the_caller(
    before: str, said: list[tuple[str, str | None]], after: str
) -> None:
    state = Following(before)
    for words, reported in said:
        state = follow(state, words, reported)
    assert state.language == after


@pytest.mark.parametrize(
    ("words", "reported", "expected", "language"),
    [
        ("कब", HI, EN, HI),
        ("okay", EN, HI, HI),
        ("appointment book karna hai", EN, EN, HI),
        ("where is it", None, HI, HI),
        ("where is it", "en-US", EN, EN),
    ],
)
def test_each_utterance_has_its_own_language(
    words: str, reported: str | None, expected: str, language: str
) -> None:
    assert spoken_language(words, reported, expected) == language
