"""Reading documents in: from given bytes to passages that are found, one version whole at a time."""

from collections.abc import AsyncIterator, Iterable
from uuid import UUID

from callmissed.domain.knowledge import Document, DocumentState
from callmissed.kit.documents.pieces import Piece, Words
from callmissed.services import embedding
from callmissed.services.documents import leave_job
from callmissed.services.knowledge import passage_of
from callmissed.store import documents, knowledge, passages, vectors
from callmissed.store.passages import Draft
from callmissed.store.system import SystemDb
from callmissed.store.tenant import TenantDb

MAX_ATTEMPTS = 3
RESUMED_AT_ONCE = 500
GAVE_UP = f"Its reader broke off {MAX_ATTEMPTS} times."


async def begin(db: TenantDb, document_id: UUID, version: int) -> Document | None:
    """The document, marked as being read; None where there is nothing to read any more: it is gone,
    has a newer version, or was read, or broke its reader too often.
    """
    document = await documents.find(db, db.tenant_id, document_id)
    if document is None or document.version != version:
        return None
    if document.state not in (DocumentState.WAITING, DocumentState.READING):
        return None
    if document.attempts >= MAX_ATTEMPTS:
        await fail(db, document, GAVE_UP)
        return None
    await documents.change_document(
        db,
        db.tenant_id,
        document_id,
        version,
        state=DocumentState.READING.value,
        attempts=document.attempts + 1,
        progress_percent=0,
    )
    return document


async def store_fetched(
    db: TenantDb, document: Document, parts: AsyncIterator[bytes], media_type: str
) -> None:
    """What was fetched from the document's URL is its newest version's bytes."""
    size_bytes = part = 0
    async for data in parts:
        await documents.add_part(db, db.tenant_id, document.id, document.version, part, data)
        size_bytes, part = size_bytes + len(data), part + 1
    await documents.change_document(
        db,
        db.tenant_id,
        document.id,
        document.version,
        size_bytes=size_bytes,
        media_type=media_type,
    )


def read_bytes(db: TenantDb, document: Document) -> AsyncIterator[bytes]:
    """The bytes of its newest version, part by part."""
    return documents.read_parts(db, db.tenant_id, document.id, document.version)


async def note_progress(db: TenantDb, document: Document, percent: int) -> None:
    await documents.change_document(
        db,
        db.tenant_id,
        document.id,
        document.version,
        progress_percent=max(0, min(99, percent)),
    )


async def publish(
    db: TenantDb,
    document: Document,
    media_type: str,
    pieces: Iterable[tuple[Piece, Words]],
) -> bool:
    """When this transaction commits, this version is what is found, and nothing of the one before.

    False, with nothing changed, where a newer version has come or the document is gone.
    """
    number = await knowledge.number_of(db, db.tenant_id, document.knowledge_base_id)
    marked = await documents.change_document(
        db,
        db.tenant_id,
        document.id,
        document.version,
        state=DocumentState.INDEXED.value,
        published_version=document.version,
        media_type=media_type,
        progress_percent=100,
        error=None,
        content=None,
    )
    if number is None or not marked:
        return False
    await vectors.forget(db, db.tenant_id, document.id)
    drafts = (_draft(document.name, piece, words) for piece, words in pieces)
    count, chars = await passages.replace(
        db, db.tenant_id, document.knowledge_base_id, number, document.id, drafts
    )
    await documents.change_document(db, db.tenant_id, document.id, passage_count=count, chars=chars)
    await documents.remove_files(db, db.tenant_id, document.id, but_version=document.version)
    if await knowledge.models_of(db, db.tenant_id, [document.knowledge_base_id]):
        await embedding.leave_job(db, db.tenant_id, document.id, document.version)
    return True


async def fail(db: TenantDb, document: Document, error: str) -> None:
    """The newest version cannot be read; the one that was found before is found still."""
    await documents.change_document(
        db,
        db.tenant_id,
        document.id,
        document.version,
        state=DocumentState.FAILED.value,
        error=error[:1000],
    )


async def resume_readings(db: SystemDb) -> None:
    """Documents that nobody reads, though they wait, get a job where none waits."""
    for tenant_id, document_id, version in await documents.list_unread(db, RESUMED_AT_ONCE):
        await leave_job(db, tenant_id, document_id, version)


async def resume_embeddings(db: SystemDb) -> None:
    """What should be found by its meaning, and is not yet, gets a job where none waits."""
    for tenant_id, document_id, version in await vectors.list_unembedded(db, RESUMED_AT_ONCE):
        await embedding.leave_job(db, tenant_id, document_id, version)


def _draft(document: str, piece: Piece, words: Words) -> Draft:
    return Draft(passage_of(document, piece), words.terms, words.count)
