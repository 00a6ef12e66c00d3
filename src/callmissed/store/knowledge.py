"""Rows of `knowledge_bases`, with what their documents add up to."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import Select, and_, delete, func, insert, select, update
from sqlalchemy.engine import RowMapping

from callmissed.domain.knowledge import KnowledgeBase
from callmissed.store.rows import OpenDb, change, fetch_all, fetch_first, fetch_value
from callmissed.store.schema import documents, knowledge_bases
from callmissed.store.tenant import TenantDb

_bases = knowledge_bases.c


async def add_base(
    db: OpenDb, tenant_id: UUID, name: str, embedding_model: str | None = None
) -> UUID:
    base_id = uuid4()
    row = {
        "id": base_id,
        "tenant_id": tenant_id,
        "name": name,
        "embedding_model": embedding_model,
        "created_at": func.now(),
    }
    await change(db, insert(knowledge_bases).values(row))
    return base_id


async def find(db: TenantDb, base_id: UUID) -> KnowledgeBase | None:
    row = await fetch_first(db, _with_sums(db).where(_bases.id == base_id))
    return None if row is None else _base(row)


async def list_page(db: TenantDb, limit: int, offset: int) -> list[KnowledgeBase]:
    newest = _with_sums(db).order_by(_bases.created_at.desc(), _bases.id)
    return [_base(row) for row in await fetch_all(db, newest.limit(limit).offset(offset))]


async def count(db: TenantDb) -> int:
    own = select(func.count()).select_from(knowledge_bases).where(_bases.tenant_id == db.tenant_id)
    total: int = await fetch_value(db, own)
    return total


async def rename(db: TenantDb, base_id: UUID, name: str) -> bool:
    own = (_bases.tenant_id == db.tenant_id, _bases.id == base_id)
    return await change(db, update(knowledge_bases).where(*own).values(name=name)) == 1


async def set_model(db: TenantDb, base_id: UUID, embedding_model: str | None) -> bool:
    own = (_bases.tenant_id == db.tenant_id, _bases.id == base_id)
    changed = update(knowledge_bases).where(*own).values(embedding_model=embedding_model)
    return await change(db, changed) == 1


async def models_of(db: OpenDb, tenant_id: UUID, base_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The embedding models of those of the bases that have one."""
    statement = select(_bases.id, _bases.embedding_model).where(
        _bases.tenant_id == tenant_id,
        _bases.id.in_(list(base_ids)),
        _bases.embedding_model.is_not(None),
    )
    return {row["id"]: row["embedding_model"] for row in await fetch_all(db, statement)}


async def remove(db: TenantDb, base_id: UUID) -> bool:
    """With its documents, their bytes, passages and words."""
    own = (_bases.tenant_id == db.tenant_id, _bases.id == base_id)
    return await change(db, delete(knowledge_bases).where(*own)) == 1


async def number_of(db: OpenDb, tenant_id: UUID, base_id: UUID) -> int | None:
    """The base's own number: what its words begin with in the index."""
    own = (_bases.tenant_id == tenant_id, _bases.id == base_id)
    number: int | None = await fetch_value(db, select(_bases.number).where(*own))
    return number


async def chars_of(db: OpenDb, tenant_id: UUID, base_ids: Sequence[UUID]) -> int:
    """Of all passages that can be found in these bases."""
    own = (documents.c.tenant_id == tenant_id, documents.c.knowledge_base_id.in_(list(base_ids)))
    chars: int = await fetch_value(
        db, select(func.coalesce(func.sum(documents.c.chars), 0)).where(*own)
    )
    return chars


def _with_sums(db: TenantDb) -> Select[tuple[object, ...]]:
    its_own = and_(
        documents.c.knowledge_base_id == _bases.id, documents.c.tenant_id == _bases.tenant_id
    )
    return (
        select(
            _bases.id,
            _bases.name,
            _bases.created_at,
            func.count(documents.c.id).label("document_count"),
            func.coalesce(func.sum(documents.c.passage_count), 0).label("passage_count"),
            func.coalesce(func.sum(documents.c.chars), 0).label("chars"),
            _bases.embedding_model,
            func.coalesce(func.sum(documents.c.vector_count), 0).label("vector_count"),
        )
        .select_from(knowledge_bases.outerjoin(documents, its_own))
        .where(_bases.tenant_id == db.tenant_id)
        .group_by(_bases.id)
    )


def _base(row: RowMapping) -> KnowledgeBase:
    return KnowledgeBase(
        id=row["id"],
        name=row["name"],
        created_at=row["created_at"],
        document_count=row["document_count"],
        passage_count=row["passage_count"],
        chars=row["chars"],
        embedding_model=row["embedding_model"],
        vector_count=row["vector_count"],
    )
