"""The small parts of a conversation, by themselves."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callmissed.domain.budgets import STAGES
from callmissed.kit.loudness import LevelLog, first_audible_sample, window_levels_db
from callmissed.voice.clauses import ClauseCutter
from callmissed.voice.deltas import hurried
from callmissed.voice.script import Script
from callmissed.voice.stopwatch import Instants, lay_out_stages, ms_since

RATE_HZ = 16000


def pieces_of(text: str, step: int = 4) -> list[str]:
    cutter = ClauseCutter()
    pieces = [
        piece
        for start in range(0, len(text), step)
        for piece in cutter.push(text[start : start + step])
    ]
    return pieces + cutter.flush()


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (
            "On Saturday we are open, from ten to four. On Sunday, as always, we rest.",
            ["On Saturday we are open,", " from ten to four.", " On Sunday, as always, we rest."],
        ),
        ("Yes. It is 1,500 rupees.", ["Yes.", " It is 1,500 rupees."]),
        (
            "Ask Dr. Rao at 10.30 a day before. Bye.",
            ["Ask Dr. Rao at 10.30 a day before.", " Bye."],
        ),
        ("जी हाँ, हम रविवार को बंद हैं। शुक्रिया।", ["जी हाँ,", " हम रविवार को बंद हैं।", " शुक्रिया।"]),
        ("Sure, I can help. Bye.", ["Sure,", " I can help.", " Bye."]),
        ("1,500 rupees, please.", ["1,500 rupees,", " please."]),
        ("   ", []),
    ],
)
def test_a_reply_is_cut_where_it_can_be_spoken(text: str, pieces: list[str]) -> None:
    assert pieces_of(text) == pieces


def test_a_long_opening_without_a_mark_is_cut_between_words() -> None:
    pieces = pieces_of(" ".join(["word"] * 40))
    assert 10 < len(pieces[0].split()) < 16
    assert set("".join(pieces).split()) == {"word"}


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("We are open from nine", "We are open from "),
        ("We are open", ""),
        ("We are open from 9", ""),
        ("It costs about 500 rupees", ""),
        ("हम रविवार को बंद", "हम रविवार को "),
    ],
)
def test_a_first_piece_is_cut_in_a_hurry_where_no_number_is_parted(text: str, piece: str) -> None:
    cutter = ClauseCutter()
    assert cutter.push(text) == []
    assert "".join(cutter.hurry()) == piece
    assert piece + "".join(cutter.flush()) == text


def test_only_the_first_piece_is_cut_in_a_hurry() -> None:
    cutter = ClauseCutter()
    assert cutter.push("Sure, we are open from nine") == ["Sure,"]
    assert cutter.hurry() == []


async def test_slow_words_are_told_of_once() -> None:
    async def words() -> AsyncIterator[str]:
        yield " "
        yield "first"
        await asyncio.sleep(0.2)
        yield "second"
        await asyncio.sleep(0.2)

    assert [one async for one in hurried(words(), 0.05)] == [" ", "first", None, "second"]


@given(st.text(alphabet="ab ,.!?;:-—।\n1", max_size=200), st.integers(1, 9))
def test_no_text_is_lost_in_the_cutting(text: str, step: int) -> None:
    assert "".join(pieces_of(text, step)).rstrip() == text.rstrip()


def test_words_are_heard_as_their_sound_is_played() -> None:
    script = Script()
    for text, sound_s in (("One two three.", 1.5), (" Four five six.", 1.5)):
        script.begin_line(text)
        script.add_sound(sound_s)
        script.end_line()
    assert script.heard(0.0) == ""
    assert script.heard(0.3).strip() == "One"
    assert script.heard(1.5) == "One two three."
    assert script.heard(2.3) == "One two three. Four five "
    assert script.heard(3.0) == script.text == "One two three. Four five six."


def test_the_line_being_made_is_placed_by_its_letters() -> None:
    script = Script()
    script.begin_line("Twenty letters of it")
    script.add_sound(0.1)
    assert script.heard(0.2) == ""
    assert script.heard(0.5) == "Twenty "


@given(
    st.lists(st.one_of(st.none(), st.floats(-1, 5)), min_size=5, max_size=5),
    st.floats(0, 5),
)
def test_stages_add_up_to_the_first_audio(earlier: list[float | None], audible_s: float) -> None:
    endpoint_s, retrieved_s, first_token_s, clause_s, tts_s = earlier
    instants = Instants(
        speech_end_s=0.0,
        endpoint_s=endpoint_s,
        retrieved_s=retrieved_s,
        first_token_s=first_token_s,
        first_clause_s=clause_s,
        tts_audio_s=tts_s,
        audible_s=audible_s,
    )
    stages = lay_out_stages(instants)
    assert tuple(stages) == STAGES
    assert min(stages.values()) >= 0
    assert sum(stages.values()) == ms_since(0.0, audible_s)


def test_an_answer_that_was_never_heard_has_no_stages() -> None:
    assert lay_out_stages(Instants(speech_end_s=0.0, endpoint_s=0.3)) == {}
    assert lay_out_stages(Instants(audible_s=0.3)) == {}


def log_of(*parts: tuple[float, int]) -> LevelLog:
    """A minute-long memory of noise of these seconds and amplitudes, from instant 0."""
    random = np.random.default_rng(7)
    sound = [random.integers(-peak - 1, peak + 1, int(s * RATE_HZ)) for s, peak in parts]
    pcm = np.concatenate(sound).astype(np.int16)
    log = LevelLog()
    for start in range(0, len(pcm), 320):
        levels = window_levels_db(pcm[start : start + 320], RATE_HZ)
        log.add(levels, (start + 320) / RATE_HZ)
    return log


@pytest.mark.parametrize("background", [0, 3, 300])
def test_the_ends_of_speech_are_found_in_silence_and_in_noise(background: int) -> None:
    log = log_of((1.0, background), (1.5, 9000), (0.5, background))
    assert log.first_sound_s(near_s=1.1, until_s=3.0) == pytest.approx(1.0, abs=0.011)
    assert log.last_sound_s(since_s=1.0, until_s=3.0) == pytest.approx(2.5, abs=0.011)


def test_a_pause_inside_an_utterance_belongs_to_it() -> None:
    log = log_of((1.0, 0), (0.5, 9000), (0.4, 0), (0.6, 5000), (0.5, 0))
    assert log.first_sound_s(near_s=1.95, until_s=2.4) == pytest.approx(1.9, abs=0.011)
    assert log.last_sound_s(since_s=1.0, until_s=3.0) == pytest.approx(2.5, abs=0.011)


def test_silence_has_no_first_and_no_last_sound() -> None:
    log = log_of((2.0, 0))
    assert log.first_sound_s(near_s=1.0, until_s=2.0) is None
    assert log.last_sound_s(since_s=0.0, until_s=2.0) is None


def test_the_first_audible_sample_is_past_the_quiet_ones() -> None:
    pcm = np.concatenate([np.full(100, 20), np.full(10, -900)]).astype(np.int16)
    assert first_audible_sample(pcm) == 100
    assert first_audible_sample(pcm[:100]) is None
    assert first_audible_sample(pcm[:0]) is None
