"""Knowledge bases: what a tenant's agents may answer from."""

from collections.abc import Sequence
from uuid import UUID

from callmissed.domain.audit import Actor
from callmissed.domain.errors import Kind, Refusal, not_found
from callmissed.domain.knowledge import (
    MAX_BASES,
    WHOLE_CHARS,
    DocumentState,
    KnowledgeBase,
    Origin,
    Passage,
)
from callmissed.kit.documents.pieces import Piece, words_of_piece
from callmissed.kit.markdown import split_passages
from callmissed.services.audit import record
from callmissed.store import documents, knowledge, passages
from callmissed.store.passages import Draft
from callmissed.store.rows import OpenDb
from callmissed.store.tenant import TenantDb

MARKDOWN = "text/markdown"


async def create_base(
    db: TenantDb, actor: Actor, name: str, embedding_model: str | None = None
) -> KnowledgeBase:
    """Raises Refusal CONFLICT where the tenant has too many."""
    if await knowledge.count(db) >= MAX_BASES:
        raise Refusal(
            Kind.CONFLICT,
            f"There are {MAX_BASES} knowledge bases already.",
            "Delete one that no bot needs.",
        )
    base_id = await knowledge.add_base(db, db.tenant_id, name, embedding_model)
    await record(db, db.tenant_id, actor, "knowledge_base.created", str(base_id), {"name": name})
    return await get_base(db, base_id)


async def get_base(db: TenantDb, base_id: UUID) -> KnowledgeBase:
    """Raises Refusal NOT_FOUND."""
    base = await knowledge.find(db, base_id)
    if base is None:
        raise not_found("knowledge base")
    return base


async def list_bases(db: TenantDb, limit: int, offset: int) -> tuple[list[KnowledgeBase], int]:
    """Newest first, with how many there are in all."""
    return await knowledge.list_page(db, limit, offset), await knowledge.count(db)


async def rename_base(db: TenantDb, actor: Actor, base_id: UUID, name: str) -> KnowledgeBase:
    """Raises Refusal NOT_FOUND."""
    if not await knowledge.rename(db, base_id, name):
        raise not_found("knowledge base")
    await record(db, db.tenant_id, actor, "knowledge_base.renamed", str(base_id), {"name": name})
    return await get_base(db, base_id)


async def delete_base(db: TenantDb, actor: Actor, base_id: UUID) -> None:
    """With its documents and all that is found in them. Raises Refusal NOT_FOUND."""
    if not await knowledge.remove(db, base_id):
        raise not_found("knowledge base")
    await record(db, db.tenant_id, actor, "knowledge_base.deleted", str(base_id))


async def passages_of(
    db: OpenDb, tenant_id: UUID, base_ids: Sequence[UUID], max_chars: int = WHOLE_CHARS
) -> tuple[Passage, ...]:
    """All of them, in the order of their documents, where they are few enough to be taken along by a
    call; else none. Nothing of a base that is not there or somebody else's.
    """
    if not base_ids or await knowledge.chars_of(db, tenant_id, base_ids) > max_chars:
        return ()
    return await passages.list_all(db, tenant_id, base_ids)


async def add_markdown(db: OpenDb, tenant_id: UUID, base_id: UUID, name: str, content: str) -> UUID:
    """Our own Markdown, at once: stored and found when this transaction commits."""
    document_id = await documents.add(db, tenant_id, base_id, name, MARKDOWN, Origin.TEXT, None)
    data = content.encode()
    await documents.add_part(db, tenant_id, document_id, 1, 0, data)
    number = await knowledge.number_of(db, tenant_id, base_id)
    assert number is not None
    drafts = [draft_of(name, Piece(one.heading, one.text)) for one in split_passages(content)]
    count, chars = await passages.replace(db, tenant_id, base_id, number, document_id, drafts)
    await documents.change_document(
        db,
        tenant_id,
        document_id,
        state=DocumentState.INDEXED.value,
        published_version=1,
        progress_percent=100,
        size_bytes=len(data),
        passage_count=count,
        chars=chars,
    )
    return document_id


def draft_of(document: str, piece: Piece) -> Draft:
    """A piece with the words that it will be found by."""
    words = words_of_piece(piece)
    return Draft(passage_of(document, piece), words.terms, words.count)


def passage_of(document: str, piece: Piece) -> Passage:
    return Passage(document, piece.heading, piece.text, piece.page, piece.row, piece.record)
