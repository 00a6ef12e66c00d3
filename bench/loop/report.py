"""The table, the plot and the raw numbers of a run."""

import json
import re
from html import escape
from pathlib import Path
from typing import Any

from bench.loop.aims import aims
from bench.loop.percentiles import percentile

WIDTH, ROW, LEFT = 760, 22, 240
_LIST = re.compile(r"\[[^\[\]{}]*\]")


def write_report(folder: Path, results: list[dict[str, Any]], machine: dict[str, str]) -> None:
    """`results.json` (every turn), `table.md`, `plot.svg` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"machine": machine, "results": results}
    text = json.dumps(whole, indent=1, default=float)
    (folder / "results.json").write_text(_LIST.sub(_on_one_line, text) + "\n")
    (folder / "table.md").write_text(table(results, machine))
    (folder / "plot.svg").write_text(plot(results))


def _on_one_line(found: re.Match[str]) -> str:
    return " ".join(found[0].split())


def table(results: list[dict[str, Any]], machine: dict[str, str]) -> str:
    lines = [
        f"{machine['processor']}; {machine['system']}; Python {machine['python']}; "
        f"{machine['date']}. One core a stack. How it is measured: [method.md](method.md).",
        "",
    ]
    if judged := aims(results):
        lines += [*judged, ""]
    without = [one for one in results if not one["measurement"]["in_rooms"]]
    if without:
        lines += [
            "## Without a room",
            "",
            "| measurement | sessions | answered / lost | first audio p50 / p95 ms | beyond the "
            "delays p50 / p95 ms | stop p50 / p95 ms | CPU s a session-minute | MB a session | "
            "lag p99 ms | others' cores |",
            "|---|---|---|---|---|---|---|---|---|---|",
            *[_row(one) for one in without],
            "",
        ]
    if rooms := [one for one in results if one["measurement"]["in_rooms"]]:
        lines += [
            "## Through rooms",
            "",
            "| measurement | calls | answered / lost | first packet p50 / p95 ms | CPU ms a second "
            "and call: agent | server | caller | CPU s a session-minute | MB a call | holes of "
            "60 ms | lag p99 ms | others' cores |",
            "|---|---|---|---|---|---|---|---|---|---|---|---|",
            *[_room_row(one) for one in rooms],
            "",
        ]
    return "\n".join(lines)


def _row(seen: dict[str, Any]) -> str:
    return _cells(
        seen["measurement"]["name"],
        str(seen["sessions"]),
        f"{seen['answered']} / {seen['lost']}",
        _pair(seen["ttfa_ms"], 0),
        _pair(seen["overhead_ms"], 1),
        _pair(seen["stop_ms"], 0),
        f"{seen['cpu_s_per_session_min']:.2f}" if seen["ttfa_ms"] else "–",
        _grown_mb(seen),
        _lag(seen),
        f"{seen['foreign_cores']:.2f}",
    )


def _room_row(seen: dict[str, Any]) -> str:
    used = seen["cpu_ms_per_s"]
    return _cells(
        seen["measurement"]["name"],
        str(seen["sessions"]),
        f"{seen['answered']} / {seen['lost']}",
        _pair(seen["ttfa_ms"], 0),
        f"{used['agent']:.0f}",
        f"{used['server']:.0f}",
        f"{used['callers']:.0f}",
        f"{seen['cpu_s_per_session_min']:.2f}",
        _grown_mb(seen),
        str(seen["holes"]),
        _lag(seen),
        f"{seen['foreign_cores']:.2f}",
    )


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _grown_mb(seen: dict[str, Any]) -> str:
    return f"{(seen['rss_mb_after'] - seen['rss_mb_before']) / seen['sessions']:.1f}"


def _lag(seen: dict[str, Any]) -> str:
    return f"{percentile(seen['lag_ms'], 99):.1f}" if seen["lag_ms"] else "–"


def _pair(values: list[float], digits: int) -> str:
    if not values:
        return "–"
    return f"{percentile(values, 50):.{digits}f} / {percentile(values, 95):.{digits}f}"


def plot(results: list[dict[str, Any]]) -> str:
    """First audio of every measurement: a bar to the median, a line to the 95th percentile."""
    shown = [one for one in results if one["ttfa_ms"]]
    most = max((percentile(one["ttfa_ms"], 95) for one in shown), default=1.0)
    scale = (WIDTH - LEFT - 90) / most
    height = ROW * len(shown) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<text x="{LEFT}" y="14">ms from the caller\'s last sound to first audio: p50, p95</text>',
    ]
    for index, one in enumerate(shown):
        top = 24 + index * ROW
        middle, late = percentile(one["ttfa_ms"], 50), percentile(one["ttfa_ms"], 95)
        fill = "#2b6cb0" if one["stack"] == "ours" else "#a0aec0"
        parts += [
            f'<text x="{LEFT - 8}" y="{top + 13}" text-anchor="end">'
            f"{escape(one['measurement']['name'])}</text>",
            f'<rect x="{LEFT}" y="{top}" width="{middle * scale:.1f}" height="16" fill="{fill}"/>',
            f'<line x1="{LEFT + middle * scale:.1f}" x2="{LEFT + late * scale:.1f}" '
            f'y1="{top + 8}" y2="{top + 8}" stroke="#1a202c"/>',
            f'<text x="{LEFT + late * scale + 4:.1f}" y="{top + 13}">{middle:.0f} / {late:.0f}'
            "</text>",
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"
