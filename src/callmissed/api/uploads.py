"""A file in a multipart form, kept on disk while it is looked at; never whole in memory."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from callmissed.api.errors import too_large
from callmissed.domain.errors import Refusal, invalid
from callmissed.domain.knowledge import Origin
from callmissed.kit.documents.kinds import HEAD_BYTES, UnreadableError, refuse_foreign

PART_BYTES = 1 << 20
MAX_FILE_NAME_CHARS = 200
MARKDOWN = "text/markdown"
UNKNOWN = "application/octet-stream"

UPLOAD_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


@dataclass(frozen=True, slots=True)
class Upload:
    """`file` stands at its beginning; `media_type` is what its sender says."""

    name: str
    media_type: str
    origin: Origin
    file: BinaryIO
    sha256: bytes
    size_bytes: int
    url: str | None = None

    @classmethod
    def of_text(cls, name: str, text: str, url: str | None) -> "Upload":
        """What came as JSON; a URL has no bytes yet."""
        data = text.encode()
        origin, media_type = (Origin.TEXT, MARKDOWN) if url is None else (Origin.URL, UNKNOWN)
        digest = hashlib.sha256(data).digest()
        return cls(name, media_type, origin, io.BytesIO(data), digest, len(data), url)


@asynccontextmanager
async def open_upload(request: Request, max_bytes: int) -> AsyncIterator[Upload]:
    """The field `file` of the form. Raises Refusal INVALID_VALUE for a form without it and for what
    is none of the kinds that are read, TOO_LARGE.
    """
    try:
        form = await request.form(max_files=1, max_fields=1)
    except HTTPException as error:
        raise _refused(f"This is no form with a file: {error.detail}") from error
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile) or len(form) != 1:
            raise _refused("The form must have one field, file, and a file in it.")
        yield await asyncio.to_thread(_look_at, file, max_bytes)
    finally:
        await form.close()


async def in_parts(upload: Upload) -> AsyncIterator[bytes]:
    """Nothing for what has still to be fetched."""
    upload.file.seek(0)
    while data := await asyncio.to_thread(upload.file.read, PART_BYTES):
        yield data


def _look_at(file: UploadFile, max_bytes: int) -> Upload:
    head = file.file.read(HEAD_BYTES)
    try:
        refuse_foreign(head)
    except UnreadableError as error:
        raise _refused(f"This file cannot be read. {error}") from error
    file.file.seek(0)
    digest = hashlib.sha256()
    while data := file.file.read(PART_BYTES):
        digest.update(data)
    size_bytes = file.file.tell()
    if size_bytes > max_bytes:
        raise too_large(max_bytes)
    name = _tidy_name(file.filename or "")
    return Upload(
        name,
        (file.content_type or UNKNOWN)[:200],
        Origin.UPLOAD,
        file.file,
        digest.digest(),
        size_bytes,
    )


def _tidy_name(raw: str) -> str:
    """The last part of a path, without what a screen would not show."""
    name = PurePosixPath(raw.replace("\\", "/")).name
    name = "".join(char for char in name if char.isprintable()).strip()
    if not name or not name.encode("utf-8", errors="ignore"):
        raise _refused("The file has no name.")
    return name.encode("utf-8", errors="ignore").decode()[:MAX_FILE_NAME_CHARS]


def _refused(message: str) -> Refusal:
    return invalid("file", message, "Send multipart/form-data with the file in the field file.")
