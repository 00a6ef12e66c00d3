"""Every word of an answer is spoken, whichever voice fails; nobody waits in silence for it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from uuid import uuid4

import pytest
from livekit import rtc

from callmissed.domain.models import Service
from callmissed.domain.prompts import APOLOGIES, FILLERS
from callmissed.domain.usage import Measure, Meter, Usage
from callmissed.providers import NoMeter
from callmissed.voice.answers import Answer, Utterance
from callmissed.voice.sentence_cache import SentenceCache
from callmissed.voice.speaking import SpeechFailedError, Voice
from callmissed.voice.synthesis import Privacy, Speaker, Synthesis, unsaid
from tests.voice.faulty import EARLY, FAULTS, RATE_HZ, Fault, Plan, PlannedTTS, mouths, sound_s

TENANT = uuid4()
BRIEF_S = 0.4
SENTENCE = "this is a sentence of just ten words and mark."
ANSWER = "First we say a thing. Then we say another one. And at last this."


def a_voice(
    *engines: PlannedTTS,
    sentences: SentenceCache | None = None,
    meter: Meter | None = None,
    quiet_limit_s: float = 60.0,
    private_words: Sequence[str] = (),
) -> Voice:
    synthesis = Synthesis(
        [Speaker(one, "v") for one in mouths(*engines)],
        language="en-IN",
        rate_hz=RATE_HZ,
        privacy=Privacy(TENANT, private_words),
        sentences=sentences,
        meter=meter or NoMeter(),
        first_frame_s=BRIEF_S,
        next_frame_s=BRIEF_S,
    )
    return Voice(synthesis, time.monotonic, quiet_limit_s)


def an_answer() -> Answer:
    """To something that the caller has just said."""
    now_s = time.monotonic()
    answer = Answer("speech")
    answer.ask(Utterance("hello", "en", now_s - 1, now_s, now_s, now_s))
    return answer


async def text_of(*parts: str) -> AsyncIterator[str]:
    for part in parts:
        yield part


async def never(*parts: str) -> AsyncIterator[str]:
    for part in parts:
        yield part
    await asyncio.Event().wait()


async def speak(voice: Voice, text: AsyncIterator[str], answer: Answer) -> float:
    """How much sound was made, in seconds."""
    frames = [frame async for frame in voice.speak(text, answer)]
    assert {frame.sample_rate for frame in frames} <= {RATE_HZ}
    return sum(frame.duration for frame in frames)


def sound_s_of(*texts: str) -> float:
    return sum(sound_s(text) for text in texts)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("spare_rate_hz", [RATE_HZ, 24_000])
async def test_every_word_is_spoken_whatever_fails(fault: Fault, spare_rate_hz: int) -> None:
    dice = random.Random(f"{fault} {spare_rate_hz}")
    for after_words in dice.sample(range(1, 10), 3):
        first = PlannedTTS([Plan(fault, after_words)], name="first")
        spare = PlannedTTS(name="spare", rate_hz=spare_rate_hz)
        answer = an_answer()
        heard_s = await speak(a_voice(first, spare), text_of(SENTENCE), answer)
        assert answer.script.text == SENTENCE
        assert not answer.failure
        assert [one.model_id for one in answer.choices.fallbacks] == ["first"]
        assert answer.choices.fallbacks[0].after_output == (fault not in EARLY)
        (rest,) = spare.said
        assert SENTENCE.endswith(rest)
        made_words = 0 if fault in EARLY else after_words
        assert abs(made_words + len(rest.split()) - len(SENTENCE.split())) <= 1
        made_s = sound_s_of(" ".join(SENTENCE.split()[:made_words]), rest)
        assert heard_s == pytest.approx(made_s, abs=0.25)


async def test_a_voice_that_ends_as_if_it_had_said_all_is_not_believed() -> None:
    first = PlannedTTS([Plan("short", 1)], name="first")
    spare = PlannedTTS(name="spare")
    answer = an_answer()
    sentences = SentenceCache()
    await speak(a_voice(first, spare, sentences=sentences), text_of(SENTENCE), answer)
    assert [one.reason for one in answer.choices.fallbacks] == ["TooShortError"]
    kept_s = sentences.size_bytes / 2 / RATE_HZ
    assert kept_s == pytest.approx(sound_s(spare.said[0]), abs=0.05)
    assert spare.said == [SENTENCE.removeprefix("this ")]
    assert answer.script.text == SENTENCE


async def test_a_voice_that_was_left_is_not_taken_up_again_in_the_same_answer() -> None:
    first = PlannedTTS([Plan(), Plan("break", 2), Plan()], name="first")
    spare = PlannedTTS(name="spare")
    answer = an_answer()
    await speak(a_voice(first, spare), text_of(ANSWER), answer)
    assert answer.script.text == ANSWER
    assert len(first.said) == 2
    assert spare.said[-1] == "And at last this."


async def test_without_a_spare_the_apology_closes_what_was_said() -> None:
    voice = a_voice(mouth := PlannedTTS())
    await voice.clips.record_all()
    mouth.plans = [Plan(), Plan("break", 2)]
    answer = an_answer()
    with pytest.raises(SpeechFailedError):
        await speak(voice, text_of(ANSWER), answer)
    assert answer.failure == "tts: APIConnectionError"
    assert answer.script.text.startswith("First we say a thing. Then we")
    assert answer.script.text.endswith(f" {APOLOGIES['en']}")


async def test_a_caller_who_waits_hears_two_fillers_and_an_apology_at_most() -> None:
    voice = a_voice(PlannedTTS(), quiet_limit_s=0.05)
    await voice.clips.record_all()
    answer = an_answer()
    with pytest.raises(SpeechFailedError):
        await speak(voice, never(" "), answer)
    assert answer.fillers == list(FILLERS["en"])
    assert answer.failure == "tts: TooLateError"
    assert answer.script.answer == APOLOGIES["en"]
    assert answer.script.text == " ".join([*FILLERS["en"], APOLOGIES["en"]])


async def test_a_filler_is_heard_and_is_no_part_of_the_answer() -> None:
    voice = a_voice(PlannedTTS(), quiet_limit_s=0.05)
    await voice.clips.record_all()
    answer = an_answer()
    goes_on = asyncio.Event()

    async def late() -> AsyncIterator[str]:
        await goes_on.wait()
        yield "Here it is."

    async for _ in voice.speak(late(), answer):
        goes_on.set()
    assert answer.fillers == [FILLERS["en"][0]]
    assert answer.script.text == "One moment, please. Here it is."
    assert answer.script.answer == "Here it is."
    assert not answer.failure


async def test_nobody_is_asked_to_wait_for_an_answer_that_nobody_asked_for_yet() -> None:
    voice = a_voice(PlannedTTS(), quiet_limit_s=0.01)
    await voice.clips.record_all()
    answer = Answer("guess")
    async with aclosing(voice.speak(never(" "), answer)) as frames:
        speaking = asyncio.create_task(anext(frames))
        done, _ = await asyncio.wait([speaking], timeout=0.1)
        assert not done
        answer.ask(an_answer().utterance)
        assert isinstance(await speaking, rtc.AudioFrame)
    assert answer.fillers


async def test_of_a_guess_only_the_first_piece_is_made() -> None:
    mouth = PlannedTTS()
    answer = Answer("guess")
    frames = a_voice(mouth).speak(text_of(ANSWER), answer)
    first = [await anext(frames)]
    for _ in range(100):
        await asyncio.sleep(0)
    assert mouth.said == ["First we say a thing."]
    answer.ask(None)
    rest = [frame async for frame in frames]
    assert len(mouth.said) == 3
    assert sum(frame.duration for frame in first + rest) == pytest.approx(
        sound_s_of(ANSWER), abs=0.05
    )


async def test_a_filler_between_two_sentences_keeps_the_spaces() -> None:
    voice = a_voice(PlannedTTS(), quiet_limit_s=0.05)
    await voice.clips.record_all()
    answer = an_answer()
    goes_on = asyncio.Event()

    async def halting() -> AsyncIterator[str]:
        yield "This is the first. "
        await goes_on.wait()
        yield "This is the second."

    async for _ in voice.speak(halting(), answer):
        answer.playhead = Elsewhere()
        if answer.fillers:
            goes_on.set()
    filler = FILLERS["en"][0]
    assert answer.script.text == f"This is the first. {filler} This is the second."
    assert answer.script.answer == "This is the first. This is the second."


class Elsewhere:
    """A playhead that has played all there is."""

    played_s = 1000.0
    audible_at_s = silent_at_s = None


async def test_the_next_piece_is_made_while_the_present_one_comes() -> None:
    mouth = PlannedTTS(word_s=0.02)
    answer = an_answer()
    made_when_begun: list[int] = []
    async for _ in a_voice(mouth).speak(text_of(ANSWER), answer):
        made_when_begun.append(len(mouth.said))
        await asyncio.sleep(0)
    assert 2 in made_when_begun[:4]


class Ledger:
    def __init__(self) -> None:
        self.usages: list[Usage] = []

    def add(self, usage: Usage) -> None:
        self.usages.append(usage)

    def amount(self, measure: Measure) -> int:
        return sum(one.amount for one in self.usages if one.measure is measure)


async def test_a_sentence_that_twenty_callers_want_at_once_is_made_once() -> None:
    sentences, ledger = SentenceCache(), Ledger()
    engines = [PlannedTTS(word_s=0.005, meter=ledger) for _ in range(20)]
    voices = [a_voice(one, sentences=sentences, meter=ledger) for one in engines]
    sounds = await asyncio.gather(
        *(speak(voice, text_of(SENTENCE), an_answer()) for voice in voices)
    )
    assert sum(len(one.said) for one in engines) == 1
    assert sounds == [pytest.approx(sound_s_of(SENTENCE), abs=0.05)] * 20
    assert ledger.amount(Measure.CHARACTERS) == len(SENTENCE)
    assert ledger.amount(Measure.CACHED_CHARACTERS) == 19 * len(SENTENCE)
    assert {one.service for one in ledger.usages} == {Service.TTS}


async def test_who_waits_for_a_recording_that_stops_makes_the_rest() -> None:
    sentences = SentenceCache()
    leader = PlannedTTS([Plan("stall", 4)], name="mouth")
    follower = PlannedTTS(name="mouth")
    first = a_voice(leader, sentences=sentences)
    first_answer, answer = an_answer(), an_answer()
    leading = asyncio.create_task(speak(first, text_of(SENTENCE), first_answer))
    await first_answer.changed.wait()
    following = asyncio.create_task(
        speak(a_voice(follower, sentences=sentences), text_of(SENTENCE), answer)
    )
    await answer.changed.wait()
    leading.cancel()
    assert await following == pytest.approx(sound_s_of(SENTENCE), abs=0.6)
    assert answer.script.text == SENTENCE
    assert not answer.choices.fallbacks
    assert len(follower.said) == 1


async def test_personal_sentences_are_made_each_time() -> None:
    sentences, mouth = SentenceCache(), PlannedTTS()
    voice = a_voice(mouth, sentences=sentences, private_words=("Priya",))
    for text in ("Hello Priya.", "Call 98765 43210 now.", "Good to hear you."):
        for _ in range(2):
            await speak(voice, text_of(text), an_answer())
    assert len(mouth.said) == 2 + 2 + 1


async def test_a_voice_follows_the_language_only_where_it_speaks_it() -> None:
    voice = a_voice(PlannedTTS())
    await voice.clips.record_all()
    assert not voice.set_language("ta-IN")
    assert voice.clips.apology == APOLOGIES["en"]
    assert voice.clips.are_complete
    assert voice.set_language("hi-IN")
    assert voice.clips.apology == APOLOGIES["hi"]
    assert not voice.clips.are_complete
    await voice.clips.record_all()
    assert voice.clips.are_complete


def test_the_rest_of_a_text_begins_behind_the_words_that_were_made() -> None:
    text = "one two three four"
    assert unsaid(text, 0.0, 2.0) == text
    assert unsaid(text, 1.0, 2.0) == "three four"
    assert unsaid(text, 2.5, 2.0) == ""
