"""Each check of a call's history catches the bug that is planted for it."""

from dataclasses import replace

import pytest

from bench.survival.history import CHECKS, History, Row, find_faults

GREETING, QUESTION, BRIDGE = (None, "Hello."), ("When?", "At nine."), (None, "Sorry.")
CLEAN = History(
    status="completed",
    end_reason="user_left",
    epoch=2,
    turn_count=3,
    rows=(
        Row(0, (1, 1), GREETING, "t0"),
        Row(1, (1, 2), QUESTION, "t1"),
        Row(2, (2, 0), BRIDGE, "t2"),
    ),
    events=("voice_session.started", "voice_session.ended"),
    journaled={(1, 1): GREETING, (1, 2): QUESTION},
    closed_epochs=frozenset({1}),
    heard=("Hello.", "At nine."),
)

PLANTED = {
    "lost": replace(CLEAN, journaled={**CLEAN.journaled, (1, 3): ("And then?", "Nothing.")}),
    "doubled": replace(CLEAN, turn_count=4, rows=(*CLEAN.rows, Row(3, (2, 1), BRIDGE, "t2"))),
    "invented": replace(CLEAN, turn_count=4, rows=(*CLEAN.rows, Row(3, (1, 9), BRIDGE, "t3"))),
    "unkept": replace(CLEAN, heard=("Hello.", "At nine.", "At ten.")),
    "indexes": replace(CLEAN, turn_count=2),
    "order": replace(
        CLEAN, rows=(Row(0, (1, 2), QUESTION), Row(1, (1, 1), GREETING), CLEAN.rows[2])
    ),
    "epochs": replace(CLEAN, epoch=1),
    "end": replace(CLEAN, end_reason="error"),
    "events": replace(CLEAN, events=(*CLEAN.events, "voice_session.failed")),
    "voices": replace(CLEAN, overlap_s=0.5),
    "room": replace(CLEAN, room_is_there=True),
}


def test_a_clean_history_has_no_fault() -> None:
    assert find_faults(CLEAN) == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_caught_by_its_check_alone(name: str) -> None:
    assert [fault.split(":")[0] for fault in find_faults(PLANTED[name])] == [name]


def test_every_check_has_a_planted_bug() -> None:
    assert len(CHECKS) == len(PLANTED)


def test_a_session_that_never_ends_is_caught() -> None:
    stuck = replace(CLEAN, status="active", end_reason=None, events=CLEAN.events[:1])
    assert {fault.split(":")[0] for fault in find_faults(stuck)} == {"end", "events"}
