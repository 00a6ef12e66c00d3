"""Child processes that never outlive their parent, be it ended or killed with -9.

On Linux the kernel tells a child that its parent died (`PR_SET_PDEATHSIG`, prctl(2)). It follows
the thread that forked, so `spawn` belongs on the main thread. Elsewhere a child notices only when
its pipes close.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callmissed.kit.process import die_with_parent

LINE_LIMIT_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Account:
    """A system user by its numbers."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. `env` is the child's whole environment (None: ours); `run_as` needs root."""

    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    run_as: Account | None = None
    cwd: Path | None = None
    death_signal: signal.Signals = field(default=signal.SIGKILL)


async def spawn(
    command: Command,
    *,
    stdin: int | None = asyncio.subprocess.DEVNULL,
    stdout: int | None = asyncio.subprocess.PIPE,
    stderr: int | None = asyncio.subprocess.STDOUT,
) -> asyncio.subprocess.Process:
    """Starts `command` in a session of its own, so that Ctrl-C does not reach it; it gets its
    `death_signal` when we die. Raises OSError when it cannot be started.
    """
    account: dict[str, Any] = {}
    if command.run_as is not None:
        account = {"user": command.run_as.uid, "group": command.run_as.gid, "extra_groups": []}
    return await asyncio.create_subprocess_exec(
        *command.argv,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=dict(command.env) if command.env is not None else None,
        cwd=command.cwd,
        start_new_session=True,
        preexec_fn=tie_to_parent(command.death_signal),
        limit=LINE_LIMIT_BYTES,
        **account,
    )


def tie_to_parent(death_signal: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn` for `subprocess` and `asyncio`: the child dies with the process that asks."""
    parent_pid = os.getpid()

    def tie() -> None:
        die_with_parent(parent_pid, death_signal)

    return tie
