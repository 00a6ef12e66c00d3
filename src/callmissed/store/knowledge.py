"""Rows of `knowledge_bases`, `documents` and `passages`."""

import hashlib
from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import and_, delete, func, insert, select

from callmissed.domain.knowledge import Passage
from callmissed.store.rows import OpenDb, change, fetch_all
from callmissed.store.schema import documents, knowledge_bases, passages


async def add_base(db: OpenDb, tenant_id: UUID, name: str) -> UUID:
    base_id = uuid4()
    row = {"id": base_id, "tenant_id": tenant_id, "name": name, "created_at": func.now()}
    await change(db, insert(knowledge_bases).values(row))
    return base_id


async def add_document(
    db: OpenDb, tenant_id: UUID, knowledge_base_id: UUID, name: str, media_type: str, content: str
) -> UUID:
    document_id = uuid4()
    await change(
        db,
        insert(documents).values(
            id=document_id,
            tenant_id=tenant_id,
            knowledge_base_id=knowledge_base_id,
            name=name,
            media_type=media_type,
            content=content,
            content_sha256=hashlib.sha256(content.encode()).digest(),
            created_at=func.now(),
        ),
    )
    return document_id


async def replace_passages(
    db: OpenDb, tenant_id: UUID, document_id: UUID, pieces: Sequence[tuple[str, str]]
) -> None:
    """`pieces` are (heading path, text), in the order of the document."""
    await change(
        db,
        delete(passages).where(
            passages.c.document_id == document_id, passages.c.tenant_id == tenant_id
        ),
    )
    rows = [
        {
            "tenant_id": tenant_id,
            "document_id": document_id,
            "position": position,
            "heading": heading,
            "text": text,
        }
        for position, (heading, text) in enumerate(pieces)
    ]
    if rows:
        await db.connection.execute(insert(passages), rows)


async def passages_of(
    db: OpenDb, tenant_id: UUID, knowledge_base_ids: Sequence[UUID]
) -> tuple[Passage, ...]:
    """By document name, then in the document's order; the tenant stands in the query itself."""
    if not knowledge_base_ids:
        return ()
    same_document = and_(
        passages.c.document_id == documents.c.id, passages.c.tenant_id == documents.c.tenant_id
    )
    statement = (
        select(documents.c.name, passages.c.heading, passages.c.text)
        .select_from(documents.join(passages, same_document))
        .where(
            documents.c.tenant_id == tenant_id,
            documents.c.knowledge_base_id.in_(list(knowledge_base_ids)),
        )
        .order_by(documents.c.name, documents.c.id, passages.c.position)
    )
    rows = await fetch_all(db, statement)
    return tuple(Passage(row["name"], row["heading"], row["text"]) for row in rows)
