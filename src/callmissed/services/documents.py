"""Documents: given, read in the background, found when they are read whole."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from callmissed.domain.audit import Actor
from callmissed.domain.errors import Kind, Refusal, not_found
from callmissed.domain.knowledge import MAX_DOCUMENTS, Document, DocumentState, Origin
from callmissed.services.audit import record
from callmissed.services.knowledge import get_base
from callmissed.store import base_words, documents
from callmissed.store.jobs import defer
from callmissed.store.rows import OpenDb
from callmissed.store.tenant import TenantDb

READ_DOCUMENT = "read_document"
DOCUMENTS_QUEUE = "documents"


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody gives to be read. `media_type` is what they say it is; a document from a URL has
    no bytes yet.
    """

    name: str
    media_type: str
    origin: Origin
    sha256: bytes
    size_bytes: int
    url: str | None = None


async def give_document(
    db: TenantDb, actor: Actor, base_id: UUID, given: Given, parts: AsyncIterator[bytes]
) -> Document:
    """Waiting to be read. A document of the same name in the base gets a new version, and is found in
    its old one until the new one is read.

    Raises Refusal NOT_FOUND, CONFLICT where the base is full.
    """
    await get_base(db, base_id)
    known = await documents.find_named(db, base_id, given.name)
    if known is None:
        document_id, version = await _add(db, base_id, given), 1
    else:
        document_id, version = known.id, known.version + 1
    await documents.change_document(
        db,
        db.tenant_id,
        document_id,
        media_type=given.media_type,
        origin=given.origin.value,
        url=given.url,
        content_sha256=given.sha256,
        size_bytes=given.size_bytes,
        version=version,
        state=DocumentState.WAITING.value,
        progress_percent=0,
        attempts=0,
        error=None,
    )
    part = 0
    async for data in parts:
        await documents.add_part(db, db.tenant_id, document_id, version, part, data)
        part += 1
    details = {"name": given.name, "version": str(version)}
    await record(db, db.tenant_id, actor, "document.given", str(document_id), details)
    await leave_job(db, db.tenant_id, document_id, version)
    return await get_document(db, base_id, document_id)


async def get_document(db: TenantDb, base_id: UUID, document_id: UUID) -> Document:
    """Raises Refusal NOT_FOUND."""
    document = await documents.find(db, db.tenant_id, document_id)
    if document is None or document.knowledge_base_id != base_id:
        raise not_found("document")
    return document


async def list_documents(
    db: TenantDb, base_id: UUID, limit: int, offset: int
) -> tuple[list[Document], int]:
    """Newest first, with how many there are in all. Raises Refusal NOT_FOUND."""
    await get_base(db, base_id)
    return await documents.list_page(db, base_id, limit, offset)


async def read_again(db: TenantDb, actor: Actor, base_id: UUID, document_id: UUID) -> Document:
    """Waiting to be read once more; what came from a URL is fetched anew, as a new version.

    Raises Refusal NOT_FOUND, CONFLICT while it waits or is being read.
    """
    document = await get_document(db, base_id, document_id)
    if document.state in (DocumentState.WAITING, DocumentState.READING):
        raise Refusal(
            Kind.CONFLICT,
            "This document is being read already.",
            "Look at its state again in a while.",
        )
    version = document.version + (document.origin is Origin.URL)
    await documents.change_document(
        db,
        db.tenant_id,
        document_id,
        version=version,
        state=DocumentState.WAITING.value,
        progress_percent=0,
        attempts=0,
        error=None,
    )
    await record(db, db.tenant_id, actor, "document.read_again", str(document_id))
    await leave_job(db, db.tenant_id, document_id, version)
    return await get_document(db, base_id, document_id)


async def delete_document(db: TenantDb, actor: Actor, base_id: UUID, document_id: UUID) -> None:
    """With its bytes and all that is found in it. Raises Refusal NOT_FOUND."""
    await get_document(db, base_id, document_id)
    await base_words.forget(db, db.tenant_id, base_id, document_id)
    if not await documents.remove(db, base_id, document_id):
        raise not_found("document")
    await record(db, db.tenant_id, actor, "document.deleted", str(document_id))


async def leave_job(db: OpenDb, tenant_id: UUID, document_id: UUID, version: int) -> None:
    """One job a version waits at a time."""
    await defer(
        db,
        READ_DOCUMENT,
        queueing_lock=f"{READ_DOCUMENT}-{document_id}-{version}",
        queue=DOCUMENTS_QUEUE,
        tenant_id=str(tenant_id),
        document_id=str(document_id),
        version=version,
    )


async def _add(db: TenantDb, base_id: UUID, given: Given) -> UUID:
    _, total = await documents.list_page(db, base_id, 1, 0)
    if total >= MAX_DOCUMENTS:
        raise Refusal(
            Kind.CONFLICT,
            f"This knowledge base holds {MAX_DOCUMENTS} documents already.",
            "Delete some, or make another knowledge base.",
        )
    return await documents.add(
        db, db.tenant_id, base_id, given.name, given.media_type, given.origin, given.url
    )
