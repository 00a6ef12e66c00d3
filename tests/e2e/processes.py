"""The processes of an installation that was started by `callmissed up` (Linux)."""

from contextlib import suppress
from pathlib import Path


def worker_processes(up_pid: int) -> list[int]:
    """The worker's parent and everything below it, parents first."""
    [worker] = [pid for pid in children_of(up_pid) if command_of(pid)[-1] == "worker"]
    found = [worker]
    for pid in found:
        found += children_of(pid)
    return found


def call_processes(up_pid: int) -> list[int]:
    return [pid for pid in worker_processes(up_pid) if command_of(pid)[-1] == "worker-child"]


def call_process_of(up_pid: int, session_id: str) -> int | None:
    """The one that has the session's journal open."""
    for pid in call_processes(up_pid):
        with suppress(OSError):
            if any(session_id in str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()):
                return pid
    return None


def media_server(up_pid: int) -> int:
    [found] = [pid for pid in children_of(up_pid) if "livekit-server" in command_of(pid)[0]]
    return found


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def command_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
