"""Each worker's folder of journals: whose it is, and which ones an earlier life of the host left
behind.

The owner holds a lock on a file of the folder, which the kernel releases when it dies; so does
every journal's writer (`kit.journal`).
"""

import contextlib
import fcntl
import os
from pathlib import Path
from uuid import UUID

from callmissed.kit.journal import JournalWriter
from callmissed.runtime.backlog import SUFFIX

LOCK_NAME = "owner.lock"


class JournalFolder:
    """A folder that this process owns until `release` or its death."""

    def __init__(self, path: Path, lock_fd: int) -> None:
        self.path = path
        self._lock_fd = lock_fd

    def journals(self) -> list[Path]:
        return sorted(self.path.glob(f"*{SUFFIX}"))

    def release(self) -> None:
        """Gives it up; a folder without journals is removed."""
        with contextlib.suppress(OSError):
            if all(path.name == LOCK_NAME for path in self.path.iterdir()):
                (self.path / LOCK_NAME).unlink()
                self.path.rmdir()
        os.close(self._lock_fd)


def own_folder(root: Path, worker_id: UUID) -> JournalFolder:
    """A new folder for this worker, readable by this account only."""
    path = root / str(worker_id)
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = _lock(path)
    if folder is None:
        raise RuntimeError(f"Another worker owns {path}.")
    return folder


def orphaned_folders(root: Path) -> list[JournalFolder]:
    """The folders under `root` whose owners are dead; they are ours now."""
    found = (_lock(path) for path in sorted(root.iterdir()) if path.is_dir())
    return [folder for folder in found if folder is not None]


def _lock(path: Path) -> JournalFolder | None:
    try:
        fd = os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(fd).st_nlink == 0:
            raise BlockingIOError
    except BlockingIOError:
        os.close(fd)
        return None
    return JournalFolder(path, fd)


def has_writer(path: Path) -> bool:
    """True while the process that writes this journal lives."""
    try:
        JournalWriter(path).close()
    except BlockingIOError:
        return True
    return False
