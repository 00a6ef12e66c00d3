"""`python -m bench.soak`: a call of half an hour, 25 calls for ten minutes, and as many as the
machine carries through rooms. Writes `docs/proofs/loop/soak.md`; about 25 minutes.

`--minutes N` makes the ten minutes that short, `--to FOLDER` writes elsewhere.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.loop.__main__ import OUT, ROOT, machine
from bench.loop.contract import PERIOD_S
from bench.loop.percentiles import percentile

MOST_GROWN_MB = 1.0
MOST_LAG_MS = 20.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--long-minutes", type=int, default=30)
    parser.add_argument("--calls", type=int, default=25)
    parser.add_argument("--in-rooms", type=int, default=10)
    parser.add_argument("--to", type=Path, default=OUT)
    given = parser.parse_args()
    turns = max(1, round(given.minutes * 60 / PERIOD_S))
    long = _run("bench.soak.long_call", f"--minutes={given.long_minutes}")
    many = _run("bench.soak.many_calls", f"--calls={given.calls}", f"--minutes={given.minutes}")
    rooms = _run(
        "bench.rooms.measuring",
        *("--stack=ours", f"--sessions={given.in_rooms}", f"--turns={turns}"),
    )
    page = "\n".join([*_head(), *_judge(long, many, rooms, given.minutes)]) + "\n"
    given.to.mkdir(parents=True, exist_ok=True)
    (given.to / "soak.md").write_text(page)
    print(page)


def _run(module: str, *options: str) -> dict[str, Any]:
    """Of one core, as the benches; a measurement in rooms chooses its cores itself."""
    print(f"{module} {' '.join(options)} ...", flush=True)
    command = [sys.executable, "-m", module, *options]
    if module != "bench.rooms.measuring":
        command = ["taskset", "-c", str(max(os.sched_getaffinity(0))), *command]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "seen.json"
        env = {**os.environ, "TMPDIR": folder}
        command += [f"--out={out}"]
        subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
        return dict(json.loads(out.read_text()))


def _head() -> list[str]:
    here = machine()
    return [
        "# Long calls, and many at once",
        "",
        f"`make soak`; {here['processor']}; {here['system']}; Python {here['python']}; "
        f"{here['date']}.",
        "",
        "| | aim | seen | |",
        "|---|---|---|---|",
    ]


def _judge(
    long: dict[str, Any], many: dict[str, Any], rooms: dict[str, Any], minutes: float
) -> list[str]:
    room_lag = percentile(rooms["lag_ms"], 99)
    return [
        _row(
            f"a call of {long['minutes']} minutes (virtual time, {long['turns']} turns, "
            f"{long['lost']} lost): memory grown after the first five minutes",
            f"{MOST_GROWN_MB:.0f} MB",
            f"{long['grown_mb']:.2f} MB",
            long["grown_mb"] < MOST_GROWN_MB and not long["lost"],
        ),
        _row(
            f"{many['calls']} calls without rooms for {minutes:g} minutes ({many['answered']} "
            f"turns, {many['lost']} lost): loop lag p99",
            f"{MOST_LAG_MS:.0f} ms",
            f"{many['lag_ms']['99']} ms (longest {many['lag_ms']['100']})",
            many["lag_ms"]["99"] <= MOST_LAG_MS and not many["lost"],
        ),
        _row("… left behind", "nothing", *_left(many["left"])),
        _row(
            f"{rooms['sessions']} calls through rooms for {minutes:g} minutes "
            f"({rooms['answered']} turns, {rooms['lost']} lost): loop lag p99",
            f"{MOST_LAG_MS:.0f} ms",
            f"{room_lag:.1f} ms",
            room_lag <= MOST_LAG_MS and not rooms["lost"],
        ),
        _row("… left behind", "nothing", *_left(rooms["left"])),
    ]


def _left(left: dict[str, int]) -> tuple[str, bool]:
    found = [f"{count} {name}" for name, count in left.items() if count > 0]
    return ", ".join(found) or "nothing", not found


def _row(what: str, aim: str, seen: str, met: bool) -> str:
    return f"| {what} | {aim} | {seen} | {'met' if met else 'missed'} |"


if __name__ == "__main__":
    main()
