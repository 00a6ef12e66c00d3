"""Child processes that do not outlive their parent."""

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1

# Loaded here and not in the call: between fork and exec of a threaded parent a load may block.
_LIBC: Any = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(
    parent_pid: int | None = None, death_signal: signal.Signals = signal.SIGKILL
) -> None:
    """To be called by a child as its first act: the kernel sends it `death_signal` when the thread
    that started it ends (Linux).

    `parent_pid` is the pid that started it; a parent that was gone before the call is noticed too.
    Elsewhere than on Linux nothing happens, and the child must notice the end of its pipe by
    itself.
    """
    if _LIBC is None:
        return
    if _LIBC.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if parent_pid is not None and os.getppid() != parent_pid:
        os.kill(os.getpid(), signal.SIGKILL)


def is_stopped(pid: int) -> bool:
    """True for a process that a signal has stopped (Linux: state T of proc_pid_stat(5)); False where
    that cannot be told.
    """
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in ("T", "t")
