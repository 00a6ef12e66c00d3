"""`python -m bench.loop [WORD …]`: every measurement whose name holds one of the words, one after
the other, each in a process of its own on one core. Ctrl-C keeps what was measured so far.

`--turns N` makes each of them that short, to see whether all of it works; `--to FOLDER` writes
elsewhere. Writes `results.json`, `table.md` and `plot.svg` to `docs/proofs/loop/`.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bench.loop.percentiles import percentile
from bench.loop.plan import ALL, Measurement
from bench.loop.report import write_report

ROOT = Path(__file__).parents[2]
OUT = ROOT / "docs" / "proofs" / "loop"
PEERS = (
    Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "callmissed" / "bench-peers"
)
LONGEST_S = 600


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.loop")
    parser.add_argument("words", nargs="*")
    parser.add_argument("--turns", type=int)
    parser.add_argument("--to", type=Path, default=OUT)
    given = parser.parse_args(arguments)
    chosen = [one for one in ALL if not given.words or any(w in one.name for w in given.words)]
    if given.turns is not None:
        chosen = [replace(one, turns=given.turns) for one in chosen]
    print(f"{len(chosen)} measurements, about {_minutes(chosen):.0f} minutes", flush=True)
    prepare(chosen)
    results: list[dict[str, Any]] = []
    failed: list[str] = []
    try:
        for number, one in enumerate(chosen):
            left_min = _minutes(chosen[number:])
            print(f"[{number + 1}/{len(chosen)}] {one.name} ({left_min:.0f} min left)", flush=True)
            try:
                results.append(measure(one, given.to))
            except (subprocess.SubprocessError, OSError, ValueError) as error:
                failed.append(one.name)
                print(f"   failed: {type(error).__name__}", flush=True)
                continue
            print("   " + summary(results[-1]), flush=True)
            write_report(given.to, results, machine())
    except KeyboardInterrupt:
        print("stopped; what was measured is kept")
    if results:
        print(f"\n{(given.to / 'table.md').read_text()}\nwritten to {given.to}")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def prepare(chosen: Sequence[Measurement]) -> None:
    """What has to be fetched or built once is there afterwards."""
    if any(one.stack == "pipecat" for one in chosen):
        peers_python()
    if any(one.in_rooms for one in chosen):
        import asyncio

        from bench.rooms.callers import provide_caller
        from callmissed.runtime.embedded.livekit_program import provide_program

        provide_caller()
        asyncio.run(provide_program(None, print))


def measure(one: Measurement, folder: Path) -> dict[str, Any]:
    """What the stack's process wrote, with the measurement's own description.

    Raises SubprocessError, OSError or ValueError where it came to no end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    out = (folder / "last.json").absolute()
    out.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        # Journals and the like go with it.
        env = {**os.environ, "TMPDIR": scratch}
        subprocess.run(_command(one, out), cwd=ROOT, env=env, check=True, timeout=LONGEST_S)
    seen = json.loads(out.read_text(), parse_float=lambda digits: round(float(digits), 3))
    out.unlink()
    return {"measurement": asdict(one), **seen}


def _command(one: Measurement, out: Path) -> list[str]:
    python = peers_python() if one.stack == "pipecat" else Path(sys.executable)
    last_core = max(os.sched_getaffinity(0))
    command = ["taskset", "-c", str(last_core), str(python), "-m", f"bench.loop.stack_{one.stack}"]
    if one.in_rooms:
        command = [str(python), "-m", "bench.rooms.measuring", "--stack", one.stack]
    command += ["--out", str(out), "--sessions", str(one.sessions), "--turns", str(one.turns)]
    command += [f"--option={option}" for option in one.options]
    if one.in_rooms:
        return command
    command += ["--floor-ms", str(one.floor_ms)]
    command += ["--partial-ms", str(one.partial_ms)] if one.partial_ms is not None else []
    command += ["--interrupt"] if one.interrupts else []
    return command


def peers_python() -> Path:
    """The interpreter of the environment that holds Pipecat; made at the first need."""
    python = PEERS / "bin" / "python"
    wanted = (Path(__file__).parent / "peers.txt").read_text()
    marker = PEERS / "peers.txt"
    if not marker.exists() or marker.read_text() != wanted:
        print("   installing Pipecat from PyPI, once ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEERS)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "-r"]
        subprocess.run([*install, str(Path(__file__).parent / "peers.txt")], check=True)
        marker.write_text(wanted)
    return python


def summary(seen: dict[str, Any]) -> str:
    times = seen["stop_ms"] or seen["ttfa_ms"]
    shown = (
        f"p50 {percentile(times, 50):.0f} / p95 {percentile(times, 95):.0f} ms" if times else "-"
    )
    return (
        f"{shown}, {seen['lost']} lost, {seen['cpu_s_per_session_min']:.2f} CPU s a session-minute, "
        f"others used {seen['foreign_cores']:.2f} cores"
    )


def machine() -> dict[str, str]:
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "date": time.strftime("%Y-%m-%d"),
    }


def _minutes(measurements: Sequence[Measurement]) -> float:
    return sum(one.takes_s for one in measurements) / 60


if __name__ == "__main__":
    main(sys.argv[1:])
