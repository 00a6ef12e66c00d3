"""The table, the plot and the raw numbers of a run."""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

WIDTH, ROW, LEFT = 760, 22, 240


def percentile(values: Sequence[float], share: float) -> float:
    """Linear between the two nearest; `values` is not empty."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def write_report(folder: Path, results: list[dict[str, Any]], machine: dict[str, str]) -> None:
    """`results.json` (every turn), `table.md`, `plot.svg` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"machine": machine, "results": results}
    (folder / "results.json").write_text(json.dumps(whole, indent=1) + "\n")
    (folder / "table.md").write_text(table(results, machine))
    (folder / "plot.svg").write_text(plot(results))


def table(results: list[dict[str, Any]], machine: dict[str, str]) -> str:
    lines = [
        f"{machine['processor']}; {machine['system']}; Python {machine['python']}; "
        f"{machine['date']}. One core a stack.",
        "",
        "| measurement | sessions | answered / lost | first audio p50 / p95 ms | beyond the delays "
        "p50 / p95 ms | stop p50 / p95 ms | CPU s a session-minute | MB a session | lag p99 ms | "
        "others' cores |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(one) for one in results]
    return "\n".join(lines) + "\n"


def _row(seen: dict[str, Any]) -> str:
    grown_mb = (seen["rss_mb_after"] - seen["rss_mb_before"]) / seen["sessions"]
    lag = f"{percentile(seen['lag_ms'], 99):.1f}" if seen["lag_ms"] else "–"
    cells = [
        seen["measurement"]["name"],
        str(seen["sessions"]),
        f"{seen['answered']} / {seen['lost']}",
        _pair(seen["ttfa_ms"], 0),
        _pair(seen["overhead_ms"], 1),
        _pair(seen["stop_ms"], 0),
        f"{seen['cpu_s_per_session_min']:.2f}" if seen["ttfa_ms"] else "–",
        f"{grown_mb:.1f}",
        lag,
        f"{seen['foreign_cores']:.2f}",
    ]
    return "| " + " | ".join(cells) + " |"


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
