"""An append-only file of JSON records that survives a killed writer and a full disk.

One record is one line: eight hex digits of CRC32, a space, the JSON, a newline, written with a
single `write(2)`. The reader takes whole, intact lines only: a torn tail is not there yet, and a
broken line ends the reading at the last good one before it, so nothing is ever invented.
"""

import errno
import fcntl
import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class JournalWriter:
    """Appends records; never waits for the disk. One writer a file: a lock is held while it lives.

    Opening cuts off a torn tail that an earlier writer left. Raises BlockingIOError while that
    writer still lives.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._size = _intact_bytes(path.read_bytes())
            os.ftruncate(self._fd, self._size)
        except OSError:
            self.close()
            raise

    def append(self, record: dict[str, Any]) -> None:
        """Raises OSError when the disk is full; the record is then not in the journal, and later
        ones may be.
        """
        line = encode_line(record)
        written = 0
        try:
            written = os.write(self._fd, line)
        finally:
            if written < len(line):
                os.ftruncate(self._fd, self._size)
        if written < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self._size += written

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class JournalTail:
    """Reads a journal while it grows. A file that is not there yet, or not there any more, has
    nothing new.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0

    def read_new(self) -> list[dict[str, Any]]:
        """The intact records behind those of the last call."""
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_size <= self._offset:
                    return []
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        records = list(read_records(data))
        if records:
            self._offset += records[-1][1]
        return [record for record, _ in records]


def encode_line(record: dict[str, Any]) -> bytes:
    """A character that UTF-8 does not know (half of a surrogate pair) becomes a question mark."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    body = text.encode(errors="replace")
    return b"%08x %s\n" % (zlib.crc32(body), body)


def read_records(data: bytes) -> Iterator[tuple[dict[str, Any], int]]:
    """Yields each intact record with the offset just behind it; stops at the first line that is
    torn or broken.
    """
    offset = 0
    while (end := data.find(b"\n", offset)) >= 0:
        record = _decode_line(data[offset:end])
        if record is None:
            return
        offset = end + 1
        yield record, offset


def _intact_bytes(data: bytes) -> int:
    return max((offset for _, offset in read_records(data)), default=0)


def _decode_line(line: bytes) -> dict[str, Any] | None:
    if len(line) < 10 or line[8:9] != b" ":
        return None
    body = line[9:]
    try:
        if int(line[:8], 16) != zlib.crc32(body):
            return None
        record = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
