"""Calls in a real room entirely on simulated Sarvam and Clarifai, word by word."""

import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from callmissed.dev.providers import Providers
from callmissed.dev.scenario import Mind, Scenario
from tests.e2e.caller import Customer, calling, hear_greeting, open_customer, said, understood
from tests.e2e.simulated import (
    GREETING,
    KEY,
    finished_turns,
    hear_words,
    simulated_installation,
    speak,
    words_written,
)

HINDI = "नमस्ते डॉक्टर कब"
HINGLISH = "मेरा number क्या is नहीं"
ENGLISH = "book the doctor tomorrow please"
ANSWERS = (
    (ENGLISH, "Yes, the doctor is open tomorrow morning. What is your name please?"),
    (HINDI, "डॉक्टर आज नहीं, कल मदद आपका समय."),
    # Behind a first word whose tones an Opus encoder carries whole out of silence.
    (HINGLISH, "Yes, आपका number ठीक है, thanks."),
)
HEARD_BEHIND_LAST_TURN_MS = 2_000
"""Belongs to the call, not to one of its turns."""
KIMI = "moonshotai/chat-completion/models/Kimi-K2_5"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def simulated(clean_environment: None) -> AsyncIterator[tuple[Customer, Providers]]:
    scenario = Scenario(mind=Mind(answers=ANSWERS))
    async with (
        simulated_installation(scenario, CALLMISSED_WORKER_PROCESSES="1") as (installation, sims),
        open_customer(installation) as customer,
    ):
        yield customer, sims


@pytest.mark.parametrize(
    ("language", "spoken", "answer"),
    [("en-IN", *ANSWERS[0]), ("hi-IN", *ANSWERS[1]), ("hi-IN", *ANSWERS[2])],
    ids=["English", "Hindi", "Hinglish"],
)
async def test_every_word_is_heard_answered_and_played(
    simulated: tuple[Customer, Providers], language: str, spoken: str, answer: str
) -> None:
    customer, _ = simulated
    session = await customer.open_session(language=language, greeting=GREETING)
    assert (session["stt_model"], session["llm_model"]) == ("saaras:v3", "kimi-k2.5")
    async with calling(session) as caller:
        await hear_greeting(caller)
        assert await hear_words(caller, [GREETING]) == words_written([GREETING])
        asked_s = time.monotonic()
        assert await speak(caller, spoken) == answer
        assert understood(caller) == [spoken]
        assert said(caller) == [GREETING, answer]
        assert await hear_words(caller, [answer], asked_s) == words_written([answer])
    turns = await finished_turns(customer, session["id"], 2)
    assert [turn["user_transcript"] for turn in turns] == [None, spoken]
    assert [turn["agent_response"] for turn in turns] == [GREETING, answer]


async def test_what_is_recorded_as_used_is_what_was_delivered(
    simulated: tuple[Customer, Providers],
) -> None:
    customer, sims = simulated
    sims.ledger.clear()
    session = await customer.open_session(language="en-IN", greeting="Hello, yes?")
    async with calling(session) as caller:
        await hear_greeting(caller)
        await speak(caller, ENGLISH)
        await speak(caller, "what is the price")
    await customer.end_of(session["id"])
    used: dict[tuple[str, str], int] = {}
    for turn in await finished_turns(customer, session["id"], 3):
        for usage in turn["usage"]:
            place = (usage["model"], usage["measure"])
            used[place] = used.get(place, 0) + usage["amount"]
    delivered = {
        ("kimi-k2.5", "input_tokens"): sims.ledger.total("input_tokens", model=KIMI, key=KEY),
        ("kimi-k2.5", "output_tokens"): sims.ledger.total("output_tokens", model=KIMI, key=KEY),
        ("bulbul:v3", "characters"): sims.ledger.total("characters", model="bulbul:v3", key=KEY),
    }
    assert {place: used[place] for place in delivered} == delivered
    heard_ms = sum(
        sims.ledger.total("audio_ms", place=place, key=KEY)
        for place in ("sarvam.stt", "sarvam.realtime")
    )
    assert 0 <= heard_ms - used["saaras:v3", "audio_ms"] <= HEARD_BEHIND_LAST_TURN_MS


async def test_the_language_used_is_the_callers_and_comes_back(
    simulated: tuple[Customer, Providers],
) -> None:
    customer, sims = simulated
    session = await customer.open_session(language="en-IN", greeting=GREETING)
    spoken: list[str] = []
    async with calling(session) as caller:
        await hear_greeting(caller)
        for words in (
            "is the doctor open",  # Nothing that was said before: what is cached asks no voice.
            "क्या डॉक्टर आज नहीं",
            "मेरा समय कब नहीं",
            "when is the clinic open",
            "how is your morning",
        ):
            before = voice_languages(sims)
            await speak(caller, words)
            spoken.append((voice_languages(sims) - before).most_common(1)[0][0])
    assert (spoken[0], spoken[2], spoken[4]) == ("en-IN", "hi-IN", "en-IN")


def voice_languages(sims: Providers) -> Counter[str]:
    """How many texts were spoken in each language so far."""
    return Counter(
        message["language"]
        for request in sims.ledger.requests("sarvam.tts")
        for message in request.messages
        if "text" in message
    )
