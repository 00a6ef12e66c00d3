"""Recorded questions, recognised and answered from the sample document; no room."""

from collections.abc import AsyncIterator

import pytest_asyncio

from callmissed.providers.local.decoders import DecoderPool
from tests.speech.evaluation import Clinic, Outcome, evaluate, word_error_rate
from tests.speech.recordings import spoken_questions


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def decoders() -> AsyncIterator[DecoderPool]:
    pool = DecoderPool(ready=2, limit=2)
    await pool.open()
    yield pool
    await pool.aclose()


def wrong(outcomes: list[Outcome]) -> list[tuple[str, str, str]]:
    return [(o.spoken.path.stem, o.heard, o.answer) for o in outcomes if not o.is_right]


async def test_ten_questions_in_three_voices_get_their_facts(decoders: DecoderPool) -> None:
    outcomes = await evaluate(decoders, "main")
    assert len(outcomes) == 30
    assert len(wrong(outcomes)) <= 2, wrong(outcomes)
    assert word_error_rate(outcomes) < 0.2


async def test_what_nobody_wrote_down_is_honestly_unknown(decoders: DecoderPool) -> None:
    outcomes = await evaluate(decoders, "unknown")
    assert len(outcomes) == 9
    assert wrong(outcomes) == []


async def test_other_words_for_the_same_things_are_mostly_understood(decoders: DecoderPool) -> None:
    outcomes = await evaluate(decoders, "held_out")
    assert len(outcomes) == 20
    assert len(wrong(outcomes)) <= 5, wrong(outcomes)


def test_typed_questions_get_their_facts() -> None:
    clinic = Clinic()
    for spoken in spoken_questions("main"):
        assert spoken.is_told_by(clinic.answer(spoken.text)), spoken.text
