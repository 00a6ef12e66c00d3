"""`python -m bench.telemetry [--sessions 10] [--turns 9] [MODE …]`: the same turns of ours under the
contract of `bench.loop`, one mode after the other in one run:

- `alone`: nothing is kept, nothing is told (twice, first and last: what two equal runs differ by);
- `all`: journal, storage in PostgreSQL, metrics scraped each second, traces to a collector;
- `slow`: the same with a database each of whose answers comes 200 ms late;
- `down`: the same with no database.

The calls have the machine's last core for themselves, all else shares the others. Writes
`docs/proofs/telemetry.json` and prints a table.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy.engine import URL, make_url

from bench.loop.percentiles import percentile
from bench.telemetry.parent import READY
from callmissed.runtime.embedded.ports import free_ports
from callmissed.store.migrations import upgrade
from tests.runtime.watched_calls import running_collector
from tests.servers import running_postgres, short_folder

ROOT = Path(__file__).parents[2]
OUT = ROOT / "docs" / "proofs" / "telemetry.json"
MODES = ("alone", "all", "slow", "down", "alone")
DELAY_S = 0.2
SCRAPE_EVERY_S = 1.0
HOST = "127.0.0.1"
SOCKET_NAME = ".s.PGSQL.5432"
NOBODY = 9
"""A port on which nobody listens."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Addresses of the databases by mode, and of the collector."""

    databases: dict[str, str]
    collector: str


async def main(modes: list[str], sessions: int, turns: int) -> None:
    seen: list[dict[str, Any]] = []
    async with open_servers() as servers:
        for number, mode in enumerate(modes, 1):
            print(f"[{number}/{len(modes)}] {mode}", flush=True)
            seen.append(await measure(mode, sessions, turns, servers))
            print(f"   {summary(seen[-1])}", flush=True)
    OUT.write_text(json.dumps(seen, indent=1) + "\n")
    base = [one for one in seen if one["mode"] == "alone"]
    if base:
        print_differences(seen, base)


async def measure(mode: str, sessions: int, turns: int, servers: Servers) -> dict[str, Any]:
    """What the calls' process wrote, with the mode and the turns that the metrics counted."""
    with short_folder() as folder:
        (folder / "links").mkdir()
        out = folder / "seen.json"
        command = [sys.executable, "-m", "bench.loop.stack_ours", "--out", str(out)]
        command += ["--sessions", str(sessions), "--turns", str(turns)]
        if mode == "alone":
            await run_calls([*command, "--option=alone"], folder)
            counted = 0.0
        else:
            async with running_parent(mode, folder, sessions, servers) as scraped:
                await run_calls(command, folder)
            counted = scraped.get("callmissed_turns_total", 0.0)
        return {"mode": mode, "turns_counted": counted, **json.loads(out.read_text())}


async def run_calls(command: list[str], folder: Path) -> None:
    last_core = max(os.sched_getaffinity(0))
    environment = {**os.environ, "TMPDIR": str(folder)}
    process = await asyncio.create_subprocess_exec(
        "taskset", "-c", str(last_core), *command, cwd=ROOT, env=environment
    )
    if await process.wait():
        raise RuntimeError("The calls' process failed.")


@asynccontextmanager
async def running_parent(
    mode: str, folder: Path, sessions: int, servers: Servers
) -> AsyncIterator[dict[str, float]]:
    """Yields what the last scrape summed up, by the metric's name."""
    (port,) = free_ports(HOST, 1)
    options = {
        "journals": str(folder),
        "links": str(folder / "links"),
        "sessions": str(sessions),
        "prepare": servers.databases["all"],
        "store": servers.databases[mode],
        "collector": servers.collector,
        "port": str(port),
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    process = await asyncio.create_subprocess_exec(
        *others_cores(),
        *(sys.executable, "-m", "bench.telemetry.parent", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    if (await process.stdout.readline()).decode().strip() != READY:
        raise RuntimeError("The parent did not start.")
    scraped: dict[str, float] = {}
    scraping = asyncio.create_task(scrape(port, scraped))
    try:
        yield scraped
    finally:
        scraping.cancel()
        process.send_signal(signal.SIGTERM)
        await process.wait()


def others_cores() -> list[str]:
    """A command in front of another that keeps it off the calls' core, where there are others."""
    cores = sorted(os.sched_getaffinity(0))[:-1]
    return ["taskset", "-c", ",".join(map(str, cores))] if cores else []


async def scrape(port: int, scraped: dict[str, float]) -> None:
    async with httpx2.AsyncClient() as client:
        while True:
            with suppress(httpx2.HTTPError):
                page = (await client.get(f"http://{HOST}:{port}/metrics")).text
                found: dict[str, float] = {}
                for line in page.splitlines():
                    if not line.startswith("#"):
                        sample, value = line.rsplit(" ", 1)
                        name = sample.partition("{")[0]
                        found[name] = found.get(name, 0.0) + float(value)
                scraped.update(found)
            await asyncio.sleep(SCRAPE_EVERY_S)


@asynccontextmanager
async def open_servers() -> AsyncIterator[Servers]:
    with short_folder() as folder:
        async with running_postgres(folder) as url, running_collector() as collector:
            own = make_url(url).set(drivername="postgresql+psycopg")
            await asyncio.to_thread(upgrade, _shown(own))
            async with delaying(Path(str(own.query["host"])) / SOCKET_NAME) as port:
                databases = {
                    "all": _shown(own),
                    "slow": _shown(own.set(host=HOST, port=port, query={})),
                    "down": _shown(own.set(host=HOST, port=NOBODY, query={})),
                }
                yield Servers(databases, collector.url)


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@asynccontextmanager
async def delaying(socket: Path) -> AsyncIterator[int]:
    """A port that leads to that Unix socket; whatever comes back is held for `DELAY_S`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_unix_connection(socket)
        with suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(_pass(reader, forth, 0.0), _pass(back, writer, DELAY_S))

    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    while data := await reader.read(65536):
        await asyncio.sleep(delay_s)
        writer.write(data)
        await writer.drain()
    writer.close()


def summary(seen: dict[str, Any]) -> str:
    p50, p95 = (percentile(seen["ttfa_ms"], share) for share in (50, 95))
    return (
        f"time to first audio {p50:.1f} / {p95:.1f} ms (p50 / p95), {seen['answered']} answered, "
        f"{seen['lost']} lost, {seen['turns_counted']:.0f} counted, "
        f"foreign {seen['foreign_cores']:.2f} cores"
    )


def print_differences(seen: list[dict[str, Any]], base: list[dict[str, Any]]) -> None:
    alone = {share: [percentile(one["ttfa_ms"], share) for one in base] for share in (50, 95)}
    print("\n| mode | p50 ms | p95 ms | added at p50 | added at p95 | lost | counted |")
    print("|---|---|---|---|---|---|---|")
    for one in seen:
        p50, p95 = (percentile(one["ttfa_ms"], share) for share in (50, 95))
        added = [p50 - statistics.mean(alone[50]), p95 - statistics.mean(alone[95])]
        print(
            f"| {one['mode']} | {p50:.1f} | {p95:.1f} | {added[0]:+.1f} | {added[1]:+.1f} "
            f"| {one['lost']} | {one['turns_counted']:.0f} |"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("modes", nargs="*", default=list(MODES), metavar="MODE")
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--turns", type=int, default=9)
    given = parser.parse_args()
    asyncio.run(main(given.modes, given.sessions, given.turns))
