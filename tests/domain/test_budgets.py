"""What each stage of a turn may take."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from callmissed.api.bot_forms import Stage
from callmissed.domain.budgets import FIRST_AUDIO, STAGES, fill_budgets, find_over_budget
from callmissed.domain.calls import TURN_TAKING_PRESETS

times_ms = st.dictionaries(st.sampled_from(STAGES), st.integers(0, 5000))


def test_the_usual_budgets_add_up_to_less_than_900_ms() -> None:
    for name in ("quick", "balanced"):
        budgets = fill_budgets({}, TURN_TAKING_PRESETS[name].wait_s)
        assert tuple(budgets) == STAGES
        assert 600 <= sum(budgets.values()) <= 900


def test_whoever_waits_longer_has_that_long() -> None:
    assert fill_budgets({}, 0.8)["end_of_turn"] == 900
    assert fill_budgets({"end_of_turn": 500}, 0.8)["end_of_turn"] == 500


def test_a_slow_stage_that_others_made_up_for_is_not_a_slow_turn() -> None:
    budgets = fill_budgets({}, 0.3)
    stages = {**dict.fromkeys(STAGES, 0), "llm_first_token": 600}
    assert find_over_budget(stages, budgets) == {"llm_first_token": 250}
    stages["end_of_turn"] = 400
    assert find_over_budget(stages, budgets) == {"llm_first_token": 250, FIRST_AUDIO: 890}


@given(times_ms, times_ms)
def test_a_turn_within_every_budget_is_within_the_whole(
    stages: dict[str, int], own: dict[str, int]
) -> None:
    budgets = fill_budgets(own, 0.3)
    over = find_over_budget(stages, budgets)
    if not over.keys() - {FIRST_AUDIO}:
        assert not over
    assert all(stages[stage] > budgets[stage] for stage in over.keys() - {FIRST_AUDIO})


def test_a_call_without_budgets_marks_nothing() -> None:
    assert find_over_budget({"retrieval": 9_000}, {}) == {}


def test_a_bot_may_have_a_budget_for_every_stage() -> None:
    assert get_args(Stage) == STAGES
