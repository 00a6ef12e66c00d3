"""How the benches turn what was seen into figures."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.loop.contract import FRAME_S, PERIOD_S, SPEECH_S
from bench.loop.percentiles import percentile
from bench.loop.plan import ALL
from bench.loop.report import write_report
from bench.rooms.callers import Burst, Plan
from bench.rooms.measuring import plan_talk, question_ends_s, waits_s
from bench.rooms.sounds import encode

MACHINE = {"processor": "a processor", "system": "a system", "python": "3.11", "date": "2026-01-01"}
LONGEST_RUN_MIN = 45


def seen(name: str, **changed: Any) -> dict[str, Any]:
    measurement = {"name": name, "in_rooms": "in rooms" in name}
    return {
        "measurement": measurement,
        "stack": "ours",
        "sessions": 10,
        "answered": 4,
        "lost": 0,
        "ttfa_ms": [404.0, 405.0, 406.0, 407.0],
        "overhead_ms": [4.0, 5.0, 6.0, 7.0],
        "stop_ms": [],
        "lag_ms": [1.0, 2.0],
        "cpu_s_per_session_min": 0.5,
        "rss_mb_before": 100.0,
        "rss_mb_after": 120.0,
        "foreign_cores": 0.0,
        "cpu_ms_per_s": {"agent": 50.0, "server": 15.0, "callers": 8.0},
        "holes": 0,
        **changed,
    }


def test_percentiles_lie_between_the_nearest_values() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([0.0, 10.0], 95) == 9.5


def test_the_whole_bench_ends_in_time() -> None:
    assert sum(one.takes_s for one in ALL) / 60 < LONGEST_RUN_MIN
    assert len({one.name for one in ALL}) == len(ALL)


def test_a_report_says_which_aims_were_met(tmp_path: Path) -> None:
    results = [
        seen("overhead ours"),
        seen("1 in rooms ours", sessions=1),
        seen("10 in rooms ours", lost=1),
    ]
    write_report(tmp_path, results, MACHINE)
    table = (tmp_path / "table.md").read_text()
    assert "5.5 / 6.8 | met |" in table
    assert "p95 within 50 ms of one call: 10 | 1 | missed |" in table
    assert "CPU a second and call at 10 calls: 65 ms | 50 ms | met |" in table
    assert json.loads((tmp_path / "results.json").read_text())["results"] == results


def test_an_answer_counts_when_it_comes_before_the_next_question() -> None:
    ends = [10.0, 19.0, 28.0]
    bursts = [Burst(9.0, 9.5, 0), Burst(10.4, 12.0, 0), Burst(28.9, 30.0, 1)]
    assert waits_s(ends, bursts) == [pytest.approx(0.4), None, pytest.approx(0.9)]


def test_a_question_ends_with_its_last_packet() -> None:
    plan = Plan(100.0, [50, 500])
    frames = round(SPEECH_S / FRAME_S)
    assert question_ends_s(plan) == [
        pytest.approx(100.0 + (50 + frames) * FRAME_S),
        pytest.approx(100.0 + (500 + frames) * FRAME_S),
    ]


def test_a_caller_asks_once_a_period() -> None:
    plan = plan_talk(5.0, 3, alone=False)
    assert len(plan.speaks) == 4
    assert np.allclose(np.diff(plan.speaks), PERIOD_S / FRAME_S)
    assert 0 <= plan.begins_s - 5.0 < FRAME_S


def test_packets_hold_twenty_milliseconds_each() -> None:
    tone = (np.sin(np.arange(16_000) * 0.2) * 8000).astype(np.int16)
    packets = list(encode(tone, 16_000))
    assert len(packets) == 50
    # Callers tell speech from silence by the size of its packets.
    assert min(len(one) for one in packets) > 30
