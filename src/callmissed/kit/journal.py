"""An append-only file of JSON records that survives a killed writer.

One record is one line: eight hex digits of CRC32, a space, the JSON, a newline, written with a single `write(2)`.
The reader takes whole, intact lines only: a torn tail is not there yet, and a broken line ends the reading at the
last good one before it, so nothing is ever invented.
"""

import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class JournalWriter:
    """Appends records; never waits for the disk. Not for several writers on one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def append(self, record: dict[str, Any]) -> None:
        """Raises OSError when the disk is full; the record is then not in the journal."""
        os.write(self._fd, encode_line(record))

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def encode_line(record: dict[str, Any]) -> bytes:
    body = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def read_records(data: bytes) -> Iterator[tuple[dict[str, Any], int]]:
    """Yields each intact record with the offset just behind it; stops at the first line that is torn or broken."""
    offset = 0
    while (end := data.find(b"\n", offset)) >= 0:
        record = _decode_line(data[offset:end])
        if record is None:
            return
        offset = end + 1
        yield record, offset


def _decode_line(line: bytes) -> dict[str, Any] | None:
    if len(line) < 10 or line[8:9] != b" ":
        return None
    body = line[9:]
    try:
        if int(line[:8], 16) != zlib.crc32(body):
            return None
        record = json.loads(body)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
