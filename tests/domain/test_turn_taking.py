"""A preset waits a little longer in languages whose verb comes last."""

import pytest

from callmissed.domain.calls import TURN_TAKING_PRESETS, turn_taking_in


@pytest.mark.parametrize("preset", TURN_TAKING_PRESETS)
def test_a_preset_in_english_is_as_it_is_written(preset: str) -> None:
    assert turn_taking_in("en-IN", preset) == TURN_TAKING_PRESETS[preset]


@pytest.mark.parametrize("language", ["hi-IN", "ta-IN", "od-IN", "te"])
def test_the_caller_is_given_time_for_the_verb(language: str) -> None:
    plain, given = TURN_TAKING_PRESETS["balanced"], turn_taking_in(language)
    assert given.wait_s == pytest.approx(plain.wait_s + 0.05)
    assert (given.max_wait_s, given.min_interruption_s) == (
        plain.max_wait_s,
        plain.min_interruption_s,
    )
