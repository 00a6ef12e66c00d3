"""The child process that reads one file: no network, no files, little memory, little time.

Its standard input is the file. On its standard output, a file of the parent's, stands one JSON line a
piece; on its standard error what it has to tell: `{"done": 3, "of": 300}`, and at last
`{"kind": "application/pdf", "pieces": 41}` or `{"error": "…"}`.
"""

import contextlib
import ctypes
import encodings
import json
import os
import pkgutil
import resource
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from callmissed.kit.documents.kinds import FileKind, UnreadableError, find_kind
from callmissed.kit.documents.pdf import read_pdf
from callmissed.kit.documents.pieces import Piece, words_of_piece
from callmissed.kit.documents.tables import read_csv, read_json, read_sheet
from callmissed.kit.documents.texts import read_docx, read_html, read_markdown, read_text
from callmissed.kit.process import die_with_parent

MEMORY_BYTES = 512 * 1024 * 1024
CPU_S = 60
OUTPUT_BYTES = 128 * 1024 * 1024
MAX_PIECES = 20_000
MAX_CHARS = 5_000_000
NICENESS = 10
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
STANDARD_FILES = 3
LATE_MODULES = ("xml.dom.expatbuilder", "xml.dom.minidom", "multiprocessing", "tempfile")

_READERS = {
    FileKind.DOCX: read_docx,
    FileKind.SHEET: read_sheet,
    FileKind.HTML: read_html,
    FileKind.MARKDOWN: read_markdown,
    FileKind.TEXT: read_text,
    FileKind.CSV: read_csv,
    FileKind.JSON: read_json,
}


def main() -> None:
    """Arguments: the pid of the parent, the file's name, its declared media type."""
    die_with_parent(int(sys.argv[1]))
    data = sys.stdin.buffer.read()
    confine()
    try:
        _tell(_read(data, sys.argv[2], sys.argv[3]))
    except UnreadableError as error:
        _tell({"error": str(error)})
    except MemoryError:
        _tell({"error": "It takes too much memory to read."})
    except RecursionError:
        _tell({"error": "It is nested too deep."})
    sys.stdout.flush()
    # Nothing that a parser left behind runs at the end of the interpreter.
    os._exit(0)


def confine() -> None:
    """Afterwards this process opens nothing more, neither file nor socket, and cannot grow."""
    _import_the_rest()
    os.nice(NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    libc: Any = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "linux":
        # Where it is not allowed, the limit of open files below is what keeps the network away.
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
    used = _used_bytes()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, used + MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (STANDARD_FILES, STANDARD_FILES))


def _read(data: bytes, name: str, declared: str) -> dict[str, Any]:
    kind = find_kind(data, name, declared)
    count = chars = 0
    for piece in _pieces_of(kind, data):
        count += 1
        chars += len(piece.text) + len(piece.heading)
        if count > MAX_PIECES or chars > MAX_CHARS:
            raise UnreadableError("It holds more text than can be read.")
        sys.stdout.write(_encode(piece) + "\n")
    if not count:
        raise UnreadableError("It holds no text.")
    return {"kind": kind.value, "pieces": count}


def _pieces_of(kind: FileKind, data: bytes) -> Iterator[Piece]:
    if kind is FileKind.PDF:
        return read_pdf(data, lambda done, of: _tell({"done": done, "of": of}))
    return _READERS[kind](data)


def _encode(piece: Piece) -> str:
    words = words_of_piece(piece)
    return json.dumps(
        {
            "heading": piece.heading,
            "text": piece.text,
            "page": piece.page,
            "row": piece.row,
            "record": piece.record,
            "terms": words.terms,
            "count": words.count,
        },
        ensure_ascii=False,
    )


def _tell(message: dict[str, Any]) -> None:
    sys.stderr.write(json.dumps(message) + "\n")
    sys.stderr.flush()


def _import_the_rest() -> None:
    """What the readers would import when they come to it."""
    for name in LATE_MODULES:
        import_module(name)
    for module in pkgutil.iter_modules(encodings.__path__):
        with contextlib.suppress(ImportError):
            import_module(f"encodings.{module.name}")


def _used_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    return pages * resource.getpagesize()
