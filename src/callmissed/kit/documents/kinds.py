"""What kind of file some bytes are: by what they are, and by the name only among kinds of text."""

import io
import zipfile
from enum import StrEnum
from pathlib import PurePosixPath

import charset_normalizer
import filetype

HEAD_BYTES = 8192
LEAST_GUESSED_BYTES = 64
MAX_ENTRIES = 5000
MAX_UNPACKED_BYTES = 100 * 1024 * 1024


class FileKind(StrEnum):
    PDF = "application/pdf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    HTML = "text/html"
    MARKDOWN = "text/markdown"
    TEXT = "text/plain"
    CSV = "text/csv"
    JSON = "application/json"


class UnreadableError(Exception):
    """The file cannot be read; the message tells its owner why."""


_BY_ENDING = {
    ".md": FileKind.MARKDOWN,
    ".markdown": FileKind.MARKDOWN,
    ".txt": FileKind.TEXT,
    ".html": FileKind.HTML,
    ".htm": FileKind.HTML,
    ".csv": FileKind.CSV,
    ".tsv": FileKind.CSV,
    ".json": FileKind.JSON,
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PACKED = ("application/zip", FileKind.DOCX.value, FileKind.SHEET.value)
_SUPPORTED = "Markdown, PDF, text, HTML, DOCX, CSV, JSON, XLSX, XLS and ODS can be read."


def refuse_foreign(head: bytes) -> None:
    """Raises UnreadableError where the first bytes alone show that it is none of our kinds."""
    found = filetype.guess(head)
    if not head:
        raise UnreadableError("It is empty.")
    packed = head.startswith((b"PK\x03\x04", _OLE))
    if packed or head.startswith(b"%PDF-"):
        return
    if found is not None:
        raise UnreadableError(f"It is {found.mime}. {_SUPPORTED}")
    if _is_binary(head):
        raise UnreadableError(f"It is a binary file of an unknown kind. {_SUPPORTED}")


def find_kind(data: bytes, name: str, declared: str = "") -> FileKind:
    """Of a whole file. `name` and `declared` (a media type) only choose among kinds of text.

    Raises UnreadableError.
    """
    refuse_foreign(data[:HEAD_BYTES])
    if data.startswith(b"%PDF-"):
        return FileKind.PDF
    if data.startswith(_OLE):
        return FileKind.SHEET
    if data.startswith(b"PK\x03\x04"):
        return _find_packed(data)
    return _find_text(data, name, declared)


def decode_text(data: bytes) -> str:
    """UTF-8, or what a byte order mark says, or the likeliest; without NULs and line ends of others.

    Raises UnreadableError.
    """
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"", "utf-8-sig")):
        if data.startswith(mark):
            try:
                return _tidy(data.decode(encoding))
            except UnicodeDecodeError:
                continue
    if len(data) < LEAST_GUESSED_BYTES:
        return _tidy(data.decode("cp1252", errors="replace"))
    best = charset_normalizer.from_bytes(data[: 64 * 1024]).best()
    if best is None:
        raise UnreadableError("It is text in an unknown encoding: save it as UTF-8.")
    return _tidy(data.decode(best.encoding, errors="replace"))


def open_package(data: bytes) -> zipfile.ZipFile:
    """A zip whose entries together are bounded and declare no entities. Raises UnreadableError."""
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise UnreadableError("It is damaged: its package cannot be opened.") from error
    entries = package.infolist()
    if len(entries) > MAX_ENTRIES or sum(one.file_size for one in entries) > MAX_UNPACKED_BYTES:
        raise UnreadableError("It unpacks to more than can be read.")
    return package


def check_package(data: bytes) -> None:
    """Every part unpacks to no more than it says, and no XML declares a document type.

    Raises UnreadableError.
    """
    unpacked_bytes = 0
    with open_package(data) as package:
        for entry in package.infolist():
            head = b""
            try:
                with package.open(entry) as part:
                    while block := part.read(1 << 20):
                        head = head or block[:HEAD_BYTES]
                        unpacked_bytes += len(block)
                        if unpacked_bytes > MAX_UNPACKED_BYTES:
                            raise UnreadableError("It unpacks to more than can be read.")
            except UnreadableError:
                raise
            except Exception as error:
                raise UnreadableError("It is damaged: a part of it cannot be unpacked.") from error
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                raise UnreadableError("It declares entities, which no office program writes.")


def _find_packed(data: bytes) -> FileKind:
    with open_package(data) as package:
        names = set(package.namelist())
        if "word/document.xml" in names:
            return FileKind.DOCX
        if any(name.startswith("xl/workbook") for name in names):
            return FileKind.SHEET
        is_small = "mimetype" in names and package.getinfo("mimetype").file_size < 200
        if is_small and b"opendocument.spreadsheet" in package.read("mimetype"):
            return FileKind.SHEET
    raise UnreadableError(f"It is an archive without a document that we know. {_SUPPORTED}")


def _find_text(data: bytes, name: str, declared: str) -> FileKind:
    head = data[:HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return FileKind.HTML
    by_name = _BY_ENDING.get(PurePosixPath(name.lower()).suffix)
    if by_name is not None:
        return by_name
    wanted = declared.partition(";")[0].strip().lower()
    if wanted in {kind.value for kind in _BY_ENDING.values()}:
        return FileKind(wanted)
    return FileKind.MARKDOWN if head.startswith(b"# ") or b"\n# " in head else FileKind.TEXT


def _is_binary(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    odd = sum(byte < 9 or 13 < byte < 32 for byte in head)
    return b"\x00" in head or odd > len(head) * 0.02


def _tidy(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return text.encode("utf-8", errors="ignore").decode()
