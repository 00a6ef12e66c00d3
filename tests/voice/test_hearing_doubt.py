"""Clear speech in which a recogniser finds no words is given to another one, once."""

import pytest

from tests.virtual_time import run_jumping
from tests.voice.ears import Hearing, ToneEars

SAID = "please book my doctor today"


async def hear(*engines: ToneEars, times: int = 1) -> Hearing:
    hearing = Hearing(*engines)
    for _ in range(times):
        await hearing.say(SAID, then_quiet_s=4.0, before_s=1.0)
    await hearing.aclose()
    return hearing


@pytest.mark.parametrize("tells_ends", [True, False])
@pytest.mark.parametrize("is_flushed", [True, False])
def test_the_spare_finds_the_words_that_the_chosen_one_missed(
    tells_ends: bool, is_flushed: bool
) -> None:
    deaf = ToneEars(finds_no_words=True, is_flushed=True)
    spare = ToneEars(tells_ends=tells_ends, is_flushed=is_flushed)
    hearing = run_jumping(hear(deaf, spare))
    assert hearing.words == SAID.split()
    assert hearing.final_at_s[-1] < 2.0
    assert not hearing.deaf_at_s
    assert (deaf.connections, spare.connections) == (1, 1)


def test_a_recogniser_without_a_spare_is_believed() -> None:
    deaf = ToneEars(finds_no_words=True)
    hearing = run_jumping(hear(deaf, times=3))
    assert hearing.words == []
    assert deaf.connections == 1
    assert not hearing.lost


def test_noise_is_taken_for_noise_when_two_find_no_words_in_it() -> None:
    async def call() -> tuple[Hearing, list[ToneEars]]:
        engines = [ToneEars(), ToneEars()]
        hearing = Hearing(*engines)
        await hearing.make_noise(1.5, then_quiet_s=4.0)
        await hearing.say(SAID, then_quiet_s=3.0, before_s=1.0)
        await hearing.aclose()
        return hearing, engines

    hearing, (chosen, spare) = run_jumping(call())
    assert hearing.words == SAID.split()
    assert (chosen.connections, spare.connections) == (2, 1)
    assert not hearing.deaf_at_s and not hearing.lost


def test_a_cough_is_worth_no_second_opinion() -> None:
    async def call() -> ToneEars:
        spare = ToneEars()
        hearing = Hearing(ToneEars(), spare)
        await hearing.make_noise(0.3, then_quiet_s=3.0)
        await hearing.aclose()
        return spare

    assert run_jumping(call()).connections == 0
