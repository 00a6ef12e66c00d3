"""A caller is heard, whatever becomes of the recogniser that hears them."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest
from livekit.agents import stt

from callmissed.voice.hearing_order import RETURN_AFTER_S
from callmissed.voice.hearing_report import LOST_AFTER_S
from tests.virtual_time import run_jumping
from tests.voice.ears import Failing, Hearing, Kind, ToneEars
from tests.voice.hearing_runs import count_errors, hear_broken_utterances

WORDS = ["please", "book", "my", "doctor", "today", "morning", "name", "four", "two", "nine"]
SAID = " ".join(WORDS)
SAID_S = len(WORDS) * 0.2


def heard_by(*engines: ToneEars) -> Hearing:
    """One call of one utterance, over."""

    async def call() -> Hearing:
        hearing = Hearing(*engines)
        await hearing.say(SAID, then_quiet_s=6.0)
        await hearing.aclose()
        return hearing

    return run_jumping(call())


@pytest.mark.parametrize("kind", ["error", "end", "odd_error"])
@pytest.mark.parametrize("after_s", [0.0, 1.1, SAID_S + 0.62])
@pytest.mark.parametrize("tells_ends", [True, False])
def test_no_word_is_lost_where_a_connection_breaks(
    kind: Kind, after_s: float, tells_ends: bool
) -> None:
    hearing = heard_by(ToneEars([Failing(kind, after_s)], tells_ends=tells_ends))
    assert hearing.words == WORDS
    assert hearing.final_at_s[-1] < 1.0


@pytest.mark.parametrize("knows", ["partials", "finals"])
def test_a_recogniser_that_falls_silent_is_asked_again_on_a_new_connection(knows: str) -> None:
    ears = ToneEars([Failing("stall", 1.1)], tells_partials=knows == "partials")
    hearing = heard_by(ears)
    assert hearing.words == WORDS
    assert hearing.final_at_s[-1] < 2.5
    assert ears.connections == 2
    assert hearing.deaf_at_s == []


def test_one_that_never_says_a_word_is_left_while_the_caller_speaks() -> None:
    deaf, spare = ToneEars([Failing("stall")] * 9), ToneEars()

    async def call() -> Hearing:
        hearing = Hearing(deaf, spare)
        await hearing.say(f"{SAID} {SAID}", then_quiet_s=3.0)
        await hearing.aclose()
        return hearing

    hearing = run_jumping(call())
    assert hearing.words == WORDS * 2
    assert hearing.final_at_s[-1] < 0.6


def test_words_that_are_never_made_final_count_as_such() -> None:
    ears = ToneEars([Failing("never_final")] * 3)
    hearing = heard_by(ears)
    assert hearing.words == WORDS
    assert hearing.final_at_s[-1] < 2.5


def test_words_of_which_no_recogniser_hears_the_end_count_as_far_as_they_were_heard() -> None:
    hearing = heard_by(ToneEars([Failing("stall", 1.5), Failing("stall", 1.1)]))
    assert len(hearing.words) == 5
    assert hearing.words == WORDS[:5]
    assert len(hearing.late_at_s) == 1


def test_a_spare_takes_over_at_once_where_the_chosen_one_is_refused() -> None:
    chosen, spare = ToneEars([Failing("refuse")] * 9), ToneEars()
    hearing = heard_by(chosen, spare)
    assert hearing.words == WORDS
    assert hearing.final_at_s[-1] < 0.6
    assert chosen.connections == 1
    report = hearing.ears.take_report()
    assert (report["model"], report["reconnects"]) == ("ears-1", 1)
    (left,) = report["left"]
    assert left["provider"] and (left["model"], left["reason"]) == ("ears-0", "failed")
    assert hearing.ears.take_report() == {"model": "ears-1", "reconnects": 0}


def test_one_behind_an_open_breaker_is_not_asked() -> None:
    chosen, spare = ToneEars(), ToneEars()

    async def call() -> Hearing:
        hearing = Hearing(chosen, spare)
        for _ in range(3):
            hearing.candidates[0].breaker.failed()
        await hearing.say(SAID)
        await hearing.aclose()
        return hearing

    assert run_jumping(call()).words == WORDS
    assert chosen.connections == 0


def test_one_that_refuses_this_call_is_not_blamed_for_others() -> None:
    hearing = heard_by(ToneEars([Failing("refuse_this")] * 9), ToneEars())
    assert hearing.words == WORDS
    hearing.candidates[0].breaker.failed()
    hearing.candidates[0].breaker.failed()
    assert hearing.candidates[0].breaker.allows()


def test_one_whose_spare_had_the_words_is_blamed() -> None:
    hearing = heard_by(ToneEars([Failing("stall", 1.1)], tells_partials=False), ToneEars())
    assert hearing.words == WORDS
    report = hearing.ears.take_report()
    assert (report["model"], report["reconnects"]) == ("ears-1", 1)
    hearing.candidates[0].breaker.failed()
    hearing.candidates[0].breaker.failed()
    assert not hearing.candidates[0].breaker.allows()


@pytest.mark.parametrize("failures", [0, 2])
def test_the_chosen_one_is_tried_again_in_a_pause(failures: int) -> None:
    chosen, spare = ToneEars([Failing("refuse")]), ToneEars()

    async def call() -> Hearing:
        hearing = Hearing(chosen, spare)
        for _ in range(failures):
            hearing.candidates[0].breaker.failed()
        await hearing.say(SAID)
        await hearing.be_quiet(RETURN_AFTER_S)
        await hearing.say(SAID)
        await hearing.say(SAID)
        await hearing.aclose()
        return hearing

    hearing = run_jumping(call())
    assert hearing.words == WORDS * 3
    assert hearing.ears.take_report()["model"] == "ears-0"
    assert chosen.connections == 2
    assert spare.connections == 1


def test_a_caller_whom_nobody_can_hear_is_told_and_heard_when_somebody_can() -> None:
    ears = ToneEars([Failing("refuse")] * 7)

    async def call() -> Hearing:
        hearing = Hearing(ears)
        await hearing.say(SAID, then_quiet_s=8.0)
        await hearing.aclose()
        return hearing

    hearing = run_jumping(call())
    (deaf_at_s,) = hearing.deaf_at_s
    assert deaf_at_s - hearing.ended_s < 2.0
    assert hearing.words == WORDS
    assert hearing.lost == []


def test_a_call_that_nobody_can_hear_for_long_is_given_up_once() -> None:
    ears = ToneEars([Failing("refuse")] * 999)

    async def call() -> Hearing:
        hearing = Hearing(ears)
        await hearing.say(SAID, then_quiet_s=LOST_AFTER_S)
        await hearing.say(SAID, then_quiet_s=LOST_AFTER_S)
        await hearing.aclose()
        return hearing

    hearing = run_jumping(call())
    assert len(hearing.deaf_at_s) == 2
    assert hearing.lost == ["speech recognition stays unavailable: every recogniser fails"]
    assert ears.connections < 40


def test_a_call_whose_recognisers_take_sound_and_say_nothing_is_given_up_too() -> None:
    async def call() -> Hearing:
        hearing = Hearing(ToneEars([Failing("stall")] * 99))
        for _ in range(3):
            await hearing.say(SAID, then_quiet_s=6.0)
        await hearing.aclose()
        return hearing

    hearing = run_jumping(call())
    assert len(hearing.deaf_at_s) == 3
    assert len(hearing.lost) == 1


@pytest.mark.parametrize("candidates", [1, 2])
def test_a_cough_is_no_failure(candidates: int) -> None:
    engines = [ToneEars(says_nothing_of_noise=True) for _ in range(candidates)]

    async def call() -> Hearing:
        hearing = Hearing(*engines)
        for _ in range(5):
            await hearing.make_noise(0.3, then_quiet_s=5.0)
        await hearing.say(SAID)
        await hearing.aclose()
        return hearing

    hearing = run_jumping(call())
    assert hearing.words == WORDS
    assert hearing.deaf_at_s == []
    assert all(candidate.breaker.allows() for candidate in hearing.candidates)
    assert hearing.ears.take_report()["model"] == "ears-0"


def test_silence_reconnects_nobody() -> None:
    ears = ToneEars()

    async def call() -> None:
        hearing = Hearing(ears)
        await hearing.be_quiet(120.0)
        await hearing.aclose()

    run_jumping(call())
    assert ears.connections == 1


def test_little_is_sent_twice_while_nobody_speaks() -> None:
    ears = ToneEars([Failing("end", 30.0)])

    async def call() -> None:
        hearing = Hearing(ears)
        await hearing.be_quiet(40.0)
        await hearing.aclose()

    run_jumping(call())
    assert sum(ears.heard_s) == pytest.approx(40.0, abs=0.7)


@pytest.mark.parametrize("after_s", [7.0, 14.0, 17.5])
def test_a_long_speech_is_heard_whole_although_less_is_kept(after_s: float) -> None:
    random_words = random.Random(5).choices(WORDS, k=90)

    async def call() -> Hearing:
        hearing = Hearing(ToneEars([Failing("error", after_s)]))
        await hearing.say(" ".join(random_words))
        await hearing.aclose()
        return hearing

    assert run_jumping(call()).words == random_words


@pytest.mark.parametrize("after_s", [2.9, 3.2, 3.6])
@pytest.mark.parametrize("tells_ends", [True, False])
def test_what_follows_final_words_is_not_lost_with_the_connection(
    after_s: float, tells_ends: bool
) -> None:
    async def call() -> Hearing:
        ears = ToneEars([Failing("error", after_s)], tells_ends=tells_ends, silence_s=0.2)
        hearing = Hearing(ears)
        await hearing.say("one two three", then_quiet_s=0.22, before_s=2.0)
        await hearing.say("four five six seven", then_quiet_s=2.0, before_s=0.0)
        await hearing.aclose()
        return hearing

    assert run_jumping(call()).words == ["one", "two", "three", "four", "five", "six", "seven"]


@pytest.mark.parametrize("tells_ends", [True, False])
@pytest.mark.parametrize("after_s", [3.0, 3.3, 6.3])
def test_what_a_caller_says_twice_is_heard_twice(tells_ends: bool, after_s: float) -> None:
    async def call() -> Hearing:
        hearing = Hearing(ToneEars([Failing("error", after_s)], tells_ends=tells_ends))
        for _ in range(2):
            await hearing.say("no", before_s=2.0)
        await hearing.aclose()
        return hearing

    assert run_jumping(call()).words == ["no", "no"]


def test_times_count_from_the_beginning_of_the_call() -> None:
    hearing = heard_by(ToneEars([Failing("error", 1.1)]))
    final = next(e for _, e in hearing.events if e.type is stt.SpeechEventType.FINAL_TRANSCRIPT)
    assert final.alternatives[0].end_time == pytest.approx(SAID_S + 0.4 + 0.2, abs=0.1)


def test_nothing_is_left_behind() -> None:
    async def call() -> int:
        ears = [ToneEars([Failing("error", 0.5), Failing("stall")]), ToneEars()]
        hearing = Hearing(*ears)
        await hearing.say(SAID)
        await hearing.aclose()
        assert sum(one.closed for one in ears) == sum(one.connections for one in ears)
        return len(asyncio.all_tasks())

    assert run_jumping(call()) == 1


def test_forty_utterances_with_a_fault_each_lose_and_double_no_word() -> None:
    make: Callable[[], Coroutine[Any, Any, Any]] = partial(hear_broken_utterances, 40, seed=7)
    runs = run_jumping(make())
    said = sum(len(run.said) for run in runs)
    assert sum(count_errors(run) for run in runs) <= said * 0.01
    assert all(not run.was_lost for run in runs)
