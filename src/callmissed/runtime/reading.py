"""Reads one document from its bytes or its URL to passages that are found."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import aiohttp
import structlog

from callmissed.domain.errors import Refusal
from callmissed.domain.knowledge import MAX_FILE_BYTES, Document, Origin
from callmissed.kit.documents.kinds import UnreadableError
from callmissed.kit.documents.reading import read_file, read_pieces
from callmissed.runtime.house import House
from callmissed.services import ingest

FETCH_WITHIN_S = 30.0
MAX_REDIRECTS = 5
PART_BYTES = 1 << 20
NOTE_EVERY_S = 1.0

log = structlog.get_logger("callmissed.runtime.reading")


async def read_document(house: House, tenant_id: UUID, document_id: UUID, version: int) -> None:
    """Afterwards this version is found, or failed with a reason; again and again does no harm.

    Raises Refusal UNAVAILABLE while the database does not answer.
    """
    async with house.database.tenant(tenant_id) as db:
        document = await ingest.begin(db, document_id, version)
    if document is None:
        return
    try:
        with tempfile.TemporaryDirectory(prefix="callmissed-") as folder:
            await _read(house, tenant_id, document, Path(folder) / "pieces")
    except UnreadableError as error:
        async with house.database.tenant(tenant_id) as db:
            await ingest.fail(db, document, str(error))
        log.info("document_unreadable", document_id=str(document_id))


async def _read(house: House, tenant_id: UUID, document: Document, output: Path) -> None:
    if document.origin is Origin.URL:
        await _fetch(house, tenant_id, document)
    percent = 0

    def note(done_percent: int) -> None:
        nonlocal percent
        percent = done_percent

    async def tell() -> None:
        told = 0
        while True:
            await asyncio.sleep(NOTE_EVERY_S)
            if percent != told:
                told = percent
                with suppress(Refusal):
                    async with house.database.tenant(tenant_id) as db:
                        await ingest.note_progress(db, document, told)

    telling = asyncio.create_task(tell())
    try:
        parts = _stored_parts(house, tenant_id, document)
        reading = await read_file(parts, document.name, document.media_type, output, note)
    finally:
        telling.cancel()
    async with house.database.tenant(tenant_id) as db:
        await ingest.publish(db, document, reading.media_type, read_pieces(output))
    log.info("document_indexed", document_id=str(document.id), count=reading.piece_count)


async def _stored_parts(house: House, tenant_id: UUID, document: Document) -> AsyncIterator[bytes]:
    async with house.database.tenant(tenant_id) as db:
        async for part in ingest.read_bytes(db, document):
            yield part


async def _fetch(house: House, tenant_id: UUID, document: Document) -> None:
    """The bytes at the URL are the version's. Raises UnreadableError."""
    session = house.connections.guarded_session()
    with tempfile.TemporaryFile() as kept:
        size_bytes = 0
        try:
            async with (
                asyncio.timeout(FETCH_WITHIN_S),
                session.get(document.url or "", max_redirects=MAX_REDIRECTS) as answer,
            ):
                if answer.status != 200:
                    raise UnreadableError(f"Its address answers with status {answer.status}.")
                media_type = answer.content_type
                async for data in answer.content.iter_chunked(PART_BYTES):
                    size_bytes += len(data)
                    if size_bytes > MAX_FILE_BYTES:
                        raise UnreadableError(f"It is larger than {MAX_FILE_BYTES} bytes.")
                    kept.write(data)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise UnreadableError("Its address does not answer.") from error
        kept.seek(0)
        async with house.database.tenant(tenant_id) as db:
            await ingest.store_fetched(db, document, _parts_of(kept), media_type)


async def _parts_of(kept: BinaryIO) -> AsyncIterator[bytes]:
    while data := kept.read(PART_BYTES):
        yield data
