"""Numbers, addresses and e-mails are waited for to their end; other words are not."""

import pytest

from callmissed.domain.dictation import Ending, Field, find_request, judge_ending
from tests.dictations import DICTATIONS, Dictation

WHOLE = (
    "what are your opening hours",
    "book it for two",
    "at ten thirty",
    "at ten thirty five please",
    "I need two tickets for tomorrow",
    "my number is nine eight seven six five four three two one zero",
    "मेरा नंबर है 9876543210",
    "it is ravi dot kumar at gmail dot com",
    "send it to ravi.kumar@gmail.com",
    "can you tell me your address",
    "what is your phone number",
    "I want a loan of 50000",
    "the meeting is in 2026",
    "what is this for",
    "that is all",
    "क्या आज डॉक्टर हैं",
    "mujhe appointment chahiye",
    "and you?",
)
OPEN = (
    "I would like to book because",
    "I want to come on Monday and",
    "mujhe Saturday ko aana hai lekin",
    "मुझे आना है और",
    "um",
    "can I have the",
    "my",
)
REQUESTS = {
    "Sure. What is your phone number?": Field.NUMBER,
    "Please tell me your mobile number.": Field.NUMBER,
    "Could you spell your name for me?": Field.SPELLING,
    "May I have your e-mail address?": Field.EMAIL,
    "What is the delivery address?": Field.ADDRESS,
    "कृपया अपना मोबाइल नंबर बताइए।": Field.NUMBER,
    "Aapka address kya hai?": Field.ADDRESS,
    "आपका पता क्या है?": Field.ADDRESS,
    "Is your number 98765?": None,
    "Shall I send it to your e-mail address?": None,
    "Can I send it to your email?": None,
    "Our phone number is on the web site.": None,
    "You are at 12 MG Road, is that address right?": None,
    "How can I help you?": None,
}
DECLINED = ("no", "I don't have one", "why do you need it", "नहीं", "can you repeat that")


@pytest.mark.parametrize("words", WHOLE)
def test_ordinary_words_are_not_waited_behind(words: str) -> None:
    assert judge_ending(words) is Ending.WHOLE


@pytest.mark.parametrize("words", OPEN)
def test_a_sentence_that_breaks_off_is_waited_for(words: str) -> None:
    assert judge_ending(words) is Ending.OPEN


@pytest.mark.parametrize("said", REQUESTS)
def test_what_the_agent_asks_to_be_dictated(said: str) -> None:
    request = find_request(said)
    assert (request.field if request else None) is REQUESTS[said]


@pytest.mark.parametrize("words", DECLINED)
def test_nothing_is_dictated_by_who_declines(words: str) -> None:
    request = find_request("What is your phone number?")
    assert judge_ending(words, request) is Ending.WHOLE


@pytest.mark.parametrize("said", DICTATIONS, ids=lambda said: " ".join(said.parts)[:50])
def test_no_part_of_a_dictation_ends_it(said: Dictation) -> None:
    request = find_request(said.asked)
    for count in range(1, len(said.parts)):
        words = " ".join(said.parts[:count])
        assert judge_ending(words, request) is Ending.DICTATING, words


@pytest.mark.parametrize(
    "said", [one for one in DICTATIONS if one.is_known_whole], ids=lambda said: said.parts[-1]
)
def test_a_whole_number_is_not_waited_behind(said: Dictation) -> None:
    assert judge_ending(" ".join(said.parts), find_request(said.asked)) is Ending.WHOLE
