"""What was aimed at, beside what a run saw."""

from collections.abc import Callable, Iterable
from typing import Any

from bench.loop.percentiles import percentile

Result = dict[str, Any]


def aims(results: list[Result]) -> list[str]:
    """A Markdown table of the aims whose measurements are among the results."""
    by_name = {one["measurement"]["name"]: one for one in results}
    rows = [row for judge in _JUDGES for row in judge(by_name)]
    if not rows:
        return []
    return ["| aim | seen | |", "|---|---|---|", *rows]


def _row(aim: str, seen: str, *, is_met: bool) -> str:
    return f"| {aim} | {seen} | {'met' if is_met else 'missed'} |"


def _pair(values: list[float], digits: int = 0) -> str:
    return f"{percentile(values, 50):.{digits}f} / {percentile(values, 95):.{digits}f}"


def _within(values: list[float], p50: float, p95: float) -> bool:
    return percentile(values, 50) <= p50 and percentile(values, 95) <= p95


def _judge_overhead(found: dict[str, Result]) -> Iterable[str]:
    if one := found.get("overhead ours"):
        values = one["overhead_ms"]
        aim = "beyond the delays at 10 sessions: 6.5 / 8.5 ms, everything on, none lost"
        met = _within(values, 6.5, 8.5) and not one["lost"]
        yield _row(aim, _pair(values, 1), is_met=met)
        if alone := found.get("overhead ours, nothing kept"):
            added = percentile(values, 95) - percentile(alone["overhead_ms"], 95)
            yield _row("added by the journal at p95: 3 ms", f"{added:.1f} ms", is_met=added <= 3)


def _judge_partial(found: dict[str, Result]) -> Iterable[str]:
    if one := found.get("partial ours"):
        aim = "first audio with words 20 ms after the end: 330 / 350 ms"
        yield _row(aim, _pair(one["ttfa_ms"]), is_met=_within(one["ttfa_ms"], 330, 350))


def _judge_density(found: dict[str, Result]) -> Iterable[str]:
    ours = [one for name, one in found.items() if name.endswith("sessions ours")]
    if not ours:
        return
    carried = [
        one["sessions"]
        for one in ours
        if not one["lost"] and percentile(one["overhead_ms"], 95) < 50
    ]
    most = max(carried, default=0)
    aim = "sessions on a core, p95 beyond the delays below 50 ms, none lost: 60"
    yield _row(aim, str(most), is_met=most >= 60)
    few, many = found.get("overhead ours"), found.get("50 sessions ours")
    if many is not None:
        used = many["cpu_s_per_session_min"]
        yield _row(
            "CPU a session-minute at 50 sessions: 0.70 s", f"{used:.2f} s", is_met=used <= 0.7
        )
    if few is not None and many is not None:
        grown = (many["rss_mb_after"] - few["rss_mb_after"]) / (many["sessions"] - few["sessions"])
        yield _row("memory a session: 3 MB", f"{grown:.1f} MB", is_met=grown <= 3)


def _judge_interruption(found: dict[str, Result]) -> Iterable[str]:
    if (one := found.get("interruption ours")) and one["stop_ms"]:
        met = _within(one["stop_ms"], 200, 250)
        yield _row(
            "caller's onset to the agent's pause: 200 / 250 ms", _pair(one["stop_ms"]), is_met=met
        )


def _judge_rooms(found: dict[str, Result]) -> Iterable[str]:
    ours = [one for name, one in found.items() if name.endswith("in rooms ours")]
    alone = next((one for one in ours if one["sessions"] == 1 and one["ttfa_ms"]), None)
    if alone is None:
        return
    limit_ms = percentile(alone["ttfa_ms"], 95) + 50
    carried = [
        one for one in ours if not one["lost"] and percentile(one["ttfa_ms"], 95) <= limit_ms
    ]
    most = max(carried, key=lambda one: one["sessions"], default=alone)
    aim = "calls on a core through rooms, p95 within 50 ms of one call: 10"
    yield _row(aim, str(most["sessions"]), is_met=most["sessions"] >= 10)
    if ten := found.get("10 in rooms ours"):
        used = ten["cpu_ms_per_s"]["agent"]
        aim = "CPU a second and call at 10 calls: 65 ms"
        yield _row(aim, f"{used:.0f} ms", is_met=used <= 65)


_JUDGES: tuple[Callable[[dict[str, Result]], Iterable[str]], ...] = (
    _judge_overhead,
    _judge_partial,
    _judge_density,
    _judge_interruption,
    _judge_rooms,
)
