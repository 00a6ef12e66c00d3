"""Knowledge bases: documents in, passages out."""

from collections.abc import Sequence
from uuid import UUID

from callmissed.domain.knowledge import Passage
from callmissed.kit.markdown import split_passages
from callmissed.store import knowledge
from callmissed.store.rows import OpenDb
from callmissed.store.tenant import TenantDb

MARKDOWN = "text/markdown"


async def passages_of(db: TenantDb, knowledge_base_ids: Sequence[UUID]) -> tuple[Passage, ...]:
    """In the order of their documents; nothing for a base that is not there or somebody else's."""
    return await knowledge.passages_of(db, db.tenant_id, knowledge_base_ids)


async def add_markdown(
    db: OpenDb, tenant_id: UUID, knowledge_base_id: UUID, name: str, content: str
) -> UUID:
    """Stores the document with its passages, split at its headings."""
    document_id = await knowledge.add_document(
        db, tenant_id, knowledge_base_id, name, MARKDOWN, content
    )
    pieces = [(piece.heading, piece.text) for piece in split_passages(content)]
    await knowledge.replace_passages(db, tenant_id, document_id, pieces)
    return document_id
