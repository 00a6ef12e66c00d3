"""A call whose models fail turn after turn stays honest: what it says, remembers and counts."""

from dataclasses import replace
from typing import Any, Never

from callmissed.providers import Models
from tests.virtual_time import run_call_jumping
from tests.voice.fault_findings import (
    agrees_with_ledger,
    is_remembered_as_heard,
    said_words,
    used,
    used_in_turns,
    wrong_words,
)
from tests.voice.faulted_calls import run_faulted_call
from tests.voice.faulty import Plan, PlannedLLM, minds
from tests.voice.simulated_models import build_on

TURNS = 8
SEED = 11


def test_a_call_with_failing_models_says_remembers_and_counts_what_was() -> None:
    run = run_call_jumping(run_faulted_call(TURNS, SEED))
    assert not run.stuck
    assert len(run.turns) == TURNS
    assert all(turn.dead_air_s is not None for turn in run.turns)
    assert [said_words(turn.turns) for turn in run.turns] == [list(t.played) for t in run.turns]
    assert [wrong_words(turn) for turn in run.turns] == [0] * TURNS
    assert is_remembered_as_heard(run)
    assert agrees_with_ledger(run), (used(run), run.delivered)
    whole = used(run)
    assert all(amount <= whole[kind] for kind, amount in used_in_turns(run).items())
    assert any(turn.trace.get("fallbacks") for turn in run.turns)


def test_a_call_that_ends_before_its_greeting_is_not_one_that_is_stuck() -> None:
    run = run_call_jumping(run_faulted_call(TURNS, SEED, _cannot_be_built))
    assert (run.stuck, run.ended_early, run.turns) == (False, True, [])
    assert run.end is not None
    assert run.end.detail == "ImportError: half a module"


def test_a_caller_who_speaks_when_the_call_takes_its_leave_is_not_waited_for() -> None:
    run = run_call_jumping(run_faulted_call(TURNS, SEED, _cannot_think))
    assert (run.stuck, run.ended_early) == (False, True)
    assert run.end is not None
    assert "answers in a row failed" in run.end.detail


def _cannot_think(*parts: Any) -> Models:
    return replace(build_on(*parts), llm=minds(PlannedLLM("", [Plan("refuse")])))


def _cannot_be_built(*_parts: Any) -> Never:
    """As where the code on the disk changes under a running process."""
    raise ImportError("half a module")
