"""`callmissed up`: what it was given, and how its lines look."""

import contextlib
import sys
from pathlib import Path
from typing import TextIO

from callmissed.cli.faults import told_plainly

NAME_WIDTH = 8


def start_all(
    data_dir: Path | None, host: str | None, port: int | None, ready_json: Path | None
) -> None:
    """Returns when it was told to stop and nothing of it runs any more."""
    import asyncio

    from callmissed.runtime.logs import configure_logs
    from callmissed.runtime.up import run_up

    given = {
        "CALLMISSED_DATA_DIR": str(data_dir.absolute()) if data_dir else None,
        "CALLMISSED_HOST": host,
        "CALLMISSED_PORT": str(port) if port is not None else None,
    }
    configure_logs("up", "warning")
    chosen = {name: value for name, value in given.items() if value is not None}
    with told_plainly():
        asyncio.run(run_up(chosen, ready_json, say, show))


def say(line: str) -> None:
    """For the person who started it."""
    _write(sys.stdout, line)


def show(name: str, line: str) -> None:
    """A line that a child logged."""
    _write(sys.stderr, f"{name:<{NAME_WIDTH}} | {line}")


def _write(stream: TextIO, line: str) -> None:
    """A terminal that went away stops no installation."""
    with contextlib.suppress(OSError, ValueError):
        print(line, file=stream, flush=True)
