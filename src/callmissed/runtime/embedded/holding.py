"""One `callmissed up` a data folder: whoever holds the lock says who it is."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callmissed.runtime.faults import StartError

FILE_NAME = "up.lock"


@contextmanager
def hold_folder(data_dir: Path, address: str) -> Iterator[None]:
    """Nobody else holds `data_dir` during the block; the system frees it however we end.

    Raises StartError where somebody does.
    """
    with (data_dir / FILE_NAME).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            pid, _, address = (lock.read().strip() or "? starting").partition(" ")
            raise StartError(
                str(data_dir),
                f"an installation runs there already (process {pid}, {address}).",
                "Use that one, or end it first, or start another with --data-dir and --port.",
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()} {address}\n")
        lock.flush()
        yield
