"""`python -m bench.loop [WORD …]`: every measurement whose name holds one of the words, one after
the other, each in a process of its own on one core. Ctrl-C keeps what was measured so far.

Writes `results.json`, `table.md` and `plot.svg` to `docs/proofs/loop/`.
"""

import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.loop.plan import ALL, Measurement
from bench.loop.report import write_report

ROOT = Path(__file__).parents[2]
OUT = ROOT / "docs" / "proofs" / "loop"
PEERS = (
    Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "callmissed" / "bench-peers"
)
LONGEST_S = 600


def main(words: list[str]) -> None:
    chosen = [one for one in ALL if not words or any(word in one.name for word in words)]
    results: list[dict[str, Any]] = []
    began_s = time.monotonic()
    try:
        for number, one in enumerate(chosen, 1):
            spent_min = (time.monotonic() - began_s) / 60
            print(f"[{number}/{len(chosen)}] {one.name} ({spent_min:.0f} min so far)", flush=True)
            results.append(measure(one))
            print("   " + summary(results[-1]), flush=True)
    except KeyboardInterrupt:
        print("stopped; what was measured is kept")
    write_report(OUT, results, machine())
    print(f"\n{(OUT / 'table.md').read_text()}\nwritten to {OUT.relative_to(ROOT)}")


def measure(one: Measurement) -> dict[str, Any]:
    """What the stack's process wrote, with the measurement's own description."""
    python = peers_python() if one.stack == "pipecat" else Path(sys.executable)
    OUT.mkdir(parents=True, exist_ok=True)
    out = OUT / "last.json"
    command = [str(python), "-m", f"bench.loop.stack_{one.stack}", "--out", str(out)]
    command += ["--sessions", str(one.sessions), "--turns", str(one.turns)]
    command += ["--floor-ms", str(one.floor_ms)]
    command += ["--partial-ms", str(one.partial_ms)] if one.partial_ms is not None else []
    command += ["--interrupt"] if one.interrupts else []
    command += [f"--option={option}" for option in one.options]
    out.unlink(missing_ok=True)
    last_core = max(os.sched_getaffinity(0))
    subprocess.run(
        ["taskset", "-c", str(last_core), *command], cwd=ROOT, check=True, timeout=LONGEST_S
    )
    seen = json.loads(out.read_text())
    out.unlink()
    return {"measurement": asdict(one), **seen}


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
    from bench.loop.report import percentile

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


if __name__ == "__main__":
    main(sys.argv[1:])
