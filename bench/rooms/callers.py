"""Callers that cost little: a small program of its own (`caller/`), built once with Go."""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from callmissed.runtime.children import Command, spawn

SOURCE = Path(__file__).parent / "caller"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "callmissed"
GO_PLACES = ("/usr/local/go/bin", "/usr/lib/go/bin")
ANSWER_WITHIN_S = 60.0
LEAVE_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Frame `n` of 20 ms is sent at `begins_s + 0.02 * (n + 1)`, in monotonic seconds; the speech
    begins with each frame of `speaks`."""

    begins_s: float
    speaks: Sequence[int]


@dataclass(frozen=True, slots=True)
class Burst:
    """One stretch of the agent's speech as it reached the caller, in monotonic seconds; `holes` are
    gaps of more than 60 ms inside it."""

    began_s: float
    ended_s: float
    holes: int


class Callers:
    """Many callers in one process; made by `running_callers`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    async def join(self, tokens: Sequence[str]) -> None:
        """One more caller for each token; returns when their microphones are heard."""
        await self._ask({"tokens": list(tokens)})

    async def talk(self, plans: Sequence[Plan]) -> None:
        """The next callers begin to talk, one a plan; silent but for their speech, for ever."""
        await self._tell({"plans": [asdict(plan) for plan in plans]})

    async def heard(self) -> list[list[Burst]]:
        """What each caller has heard so far."""
        answer = await self._ask({"tell": True})
        return [[Burst(**burst) for burst in one["bursts"]] for one in answer["heard"]]

    async def leave(self) -> None:
        """All of them; the process ends."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), LEAVE_WITHIN_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        await self._tell(order)
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), ANSWER_WITHIN_S)
        if not line:
            raise ConnectionError("the callers' process ended")
        return dict(json.loads(line))

    async def _tell(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()


@asynccontextmanager
async def running_callers(address: str, speech: Path, silence: Path) -> AsyncIterator[Callers]:
    """Callers at a media server; they have left at the end of the block."""
    program = await asyncio.to_thread(provide_caller)
    command = Command([str(program), address, str(speech), str(silence)])
    process = await spawn(command, stdin=asyncio.subprocess.PIPE, stderr=None)
    callers = Callers(process)
    try:
        yield callers
    finally:
        await callers.leave()


def provide_caller() -> Path:
    """The program; built at the first need and whenever its source has changed.

    Raises RuntimeError where there is no Go, CalledProcessError where it does not build.
    """
    digest = hashlib.sha256()
    for file in sorted(SOURCE.iterdir()):
        digest.update(file.read_bytes())
    program = CACHE / f"bench-caller-{digest.hexdigest()[:12]}"
    if not program.exists():
        go = shutil.which("go", path=os.pathsep.join([os.environ.get("PATH", ""), *GO_PLACES]))
        if go is None:
            raise RuntimeError("the callers of the benches are built with Go: https://go.dev/dl")
        print("   building the callers, once ...", flush=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        made = program.with_suffix(f".{os.getpid()}")
        env = {**os.environ, "CGO_ENABLED": "0"}
        subprocess.run([go, "build", "-o", str(made), "."], cwd=SOURCE, check=True, env=env)
        made.replace(program)
    return program
