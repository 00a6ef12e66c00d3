"""Reads one file in a child process of its own, within limits; the near end of `child`."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callmissed.kit.documents.kinds import UnreadableError
from callmissed.kit.documents.pieces import Piece, Words

WITHIN_S = 120.0
MAX_TOLD_BYTES = 64 * 1024

_COMMAND = "from callmissed.kit.documents.reading import run_child; run_child()"
_TOO_LONG = "It takes too long to read."
_BROKEN = "It is damaged: the reader broke off."

OnProgress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: its media type, and how many pieces stand in the output."""

    media_type: str
    piece_count: int


def run_child() -> None:
    """In the child: what parses is imported there and nowhere else."""
    from callmissed.kit.documents.child import main

    main()


async def read_file(
    parts: AsyncIterator[bytes],
    name: str,
    declared: str,
    output: Path,
    on_progress: OnProgress = lambda _: None,
) -> Reading:
    """The file's pieces stand in `output` afterwards, for `read_pieces`. `on_progress` is told how
    much is done, in percent. Raises UnreadableError with what its owner should know.

    The child has nothing of our environment, and ends with us.
    """
    with output.open("wb") as target:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-c", _COMMAND, str(os.getpid()), name, declared),
            stdin=PIPE,
            stdout=target,
            stderr=PIPE,
            env={"LANG": "C.UTF-8", "PYTHONUTF8": "1"},
            cwd="/",
            limit=MAX_TOLD_BYTES,
        )
    try:
        async with asyncio.timeout(WITHIN_S):
            _, told = await asyncio.gather(_feed(process, parts), _listen(process, on_progress))
            code = await process.wait()
    except TimeoutError as error:
        raise UnreadableError(_TOO_LONG) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _judge(code, told)


def read_pieces(output: Path) -> Iterator[tuple[Piece, Words]]:
    """The pieces in the order of the file, one at a time."""
    with output.open(encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            piece = Piece(one["heading"], one["text"], one["page"], one["row"], one["record"])
            yield piece, Words(one["terms"], one["count"])


async def _feed(process: Process, parts: AsyncIterator[bytes]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):
        async for part in parts:
            process.stdin.write(part)
            await process.stdin.drain()
    process.stdin.close()


async def _listen(process: Process, on_progress: OnProgress) -> dict[str, Any]:
    """The last thing that the child told."""
    assert process.stderr is not None
    last: dict[str, Any] = {}
    with contextlib.suppress(ValueError):
        async for line in process.stderr:
            told = json.loads(line)
            if not isinstance(told, dict):
                break
            last = told
            if "done" in told:
                on_progress(100 * told["done"] // max(1, told["of"]))
    while await process.stderr.read(MAX_TOLD_BYTES):
        pass
    return last


def _judge(code: int, told: dict[str, Any]) -> Reading:
    if "error" in told:
        raise UnreadableError(str(told["error"]))
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        raise UnreadableError(_TOO_LONG)
    if code != 0 or "kind" not in told:
        raise UnreadableError(_BROKEN)
    return Reading(told["kind"], told["pieces"])
