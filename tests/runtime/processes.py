"""Is a process there, and waiting for its end without polling."""

import os
import select
from pathlib import Path

PATIENCE_S = 30.0


def is_gone_in_time(pid: int) -> bool:
    """True once `pid` has ended, be it a child of ours or not; False when patience runs out."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        return bool(waiting.poll(PATIENCE_S * 1000))
    finally:
        os.close(descriptor)


def processes_with(marker: str) -> list[int]:
    """The living processes whose environment holds `marker`, ours aside."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if marker.encode() in environment:
                found.append(int(entry.name))
    return found
