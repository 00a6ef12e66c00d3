"""Rows of `passage_vectors`: what passages mean.

The nearest are found exactly, among the passages of the bases that are asked and of no others: first
by the signs of all of them, then by the vectors of the few hundred that agree in most signs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    Select,
    String,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Integer, Uuid

from callmissed.store.passages import Candidate, read_passage
from callmissed.store.rows import OpenDb, change, fetch_all, fetch_first, fetch_value, interval_s
from callmissed.store.schema import documents, knowledge_bases, passage_vectors, passages
from callmissed.store.system import SystemDb

RESUMED_AFTER_S = 60.0
FAILED_RESUMED_AFTER_S = 3600.0

_vectors = passage_vectors.c

_NEAREST = text(
    """
select v.document_id, v.position, v.vector from passage_vectors v join (
  select document_id, position from passage_vectors
  where tenant_id = :tenant and knowledge_base_id = any(:bases) and model = :model
    and length(signs) = :bits
  order by case when length(signs) = :bits then bit_count(signs # cast(:signs as varbit)) end
  limit :candidates
) near on near.document_id = v.document_id and near.position = v.position
where v.tenant_id = :tenant
"""
).bindparams(bindparam("bases", type_=ARRAY(Uuid)), bindparam("signs", type_=String))
_AT = text(
    """
select d.name, p.document_id, p.position, p.heading, p.text, p.page, p.row_number, p.record
from unnest(:documents, :positions) as wanted (document_id, position)
join passages p on p.document_id = wanted.document_id and p.position = wanted.position
join documents d on d.id = p.document_id and d.tenant_id = p.tenant_id
where p.tenant_id = :tenant
"""
).bindparams(
    bindparam("documents", type_=ARRAY(Uuid)), bindparam("positions", type_=ARRAY(Integer))
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A vector as it is kept, with the place of its passage."""

    document_id: UUID
    position: int
    vector: bytes


@dataclass(frozen=True, slots=True)
class Bare:
    """A passage that has no vector yet."""

    position: int
    heading: str
    text: str


async def nearest(
    db: OpenDb, tenant_id: UUID, base_ids: Sequence[UUID], model: str, signs: str, limit: int
) -> list[Stored]:
    """Those of the bases' passages that agree with `signs` in most places, in no order."""
    params = {
        "tenant": tenant_id,
        "bases": list(base_ids),
        "model": model,
        "signs": signs,
        "bits": len(signs),
        "candidates": limit,
    }
    rows = await fetch_all(db, _NEAREST, params)
    return [Stored(row["document_id"], row["position"], row["vector"]) for row in rows]


async def passages_at(
    db: OpenDb, tenant_id: UUID, places: Sequence[tuple[UUID, int, float]]
) -> list[Candidate]:
    """The passages at these places (document, position), each with its score there, in their order;
    those that are gone are left out.
    """
    params = {
        "tenant": tenant_id,
        "documents": [document_id for document_id, _, _ in places],
        "positions": [position for _, position, _ in places],
    }
    rows = {(row["document_id"], row["position"]): row for row in await fetch_all(db, _AT, params)}
    return [
        Candidate(document_id, position, read_passage(rows[document_id, position]), score)
        for document_id, position, score in places
        if (document_id, position) in rows
    ]


async def lock_to_embed(
    db: OpenDb, tenant_id: UUID, document_id: UUID, version: int
) -> tuple[UUID, str] | None:
    """The document's base and the embedding model of that, while this version is what is found; both
    stay so until the transaction ends. None where it is not, or there is no model.
    """
    own = (documents.c.tenant_id == tenant_id, documents.c.id == document_id)
    document = select(documents.c.knowledge_base_id).where(
        *own, documents.c.published_version == version
    )
    row = await fetch_first(db, document.with_for_update(key_share=True))
    if row is None:
        return None
    base_id: UUID = row["knowledge_base_id"]
    # Asked behind the lock: whoever changes the model forgets the vectors of all documents first.
    its_model = select(knowledge_bases.c.embedding_model).where(
        knowledge_bases.c.tenant_id == tenant_id, knowledge_bases.c.id == base_id
    )
    model: str | None = await fetch_value(db, its_model)
    return None if model is None else (base_id, model)


async def list_bare(db: OpenDb, tenant_id: UUID, document_id: UUID, limit: int) -> list[Bare]:
    """The document's next passages without a vector, in its order."""
    same = and_(
        _vectors.document_id == passages.c.document_id, _vectors.position == passages.c.position
    )
    statement = (
        select(passages.c.position, passages.c.heading, passages.c.text)
        .where(
            passages.c.tenant_id == tenant_id,
            passages.c.document_id == document_id,
            ~exists(select(_vectors.position).where(same)),
        )
        .order_by(passages.c.position)
        .limit(limit)
    )
    return [
        Bare(row["position"], row["heading"], row["text"]) for row in await fetch_all(db, statement)
    ]


async def add(
    db: OpenDb,
    tenant_id: UUID,
    base_id: UUID,
    document_id: UUID,
    model: str,
    vectors: Sequence[tuple[int, str, bytes]],
) -> None:
    """`vectors` are (position, signs, vector); the document's count grows by them."""
    place = {"tenant_id": tenant_id, "knowledge_base_id": base_id, "document_id": document_id}
    rows = [
        {**place, "model": model, "position": position, "signs": signs, "vector": vector}
        for position, signs, vector in vectors
    ]
    await change(db, insert(passage_vectors), rows)
    own = (documents.c.tenant_id == tenant_id, documents.c.id == document_id)
    grown = documents.c.vector_count + len(rows)
    await change(
        db,
        update(documents)
        .where(*own)
        .values(vector_count=grown, embedding_error=None, updated_at=func.now()),
    )


async def forget(db: OpenDb, tenant_id: UUID, document_id: UUID) -> None:
    """The document has no vectors and no error of theirs any more."""
    of_it = (_vectors.tenant_id == tenant_id, _vectors.document_id == document_id)
    await change(db, delete(passage_vectors).where(*of_it))
    own = (documents.c.tenant_id == tenant_id, documents.c.id == document_id)
    await change(db, update(documents).where(*own).values(vector_count=0, embedding_error=None))


async def forget_base(db: OpenDb, tenant_id: UUID, base_id: UUID) -> None:
    """As `forget`, for every document of the base."""
    of_it = (_vectors.tenant_id == tenant_id, _vectors.knowledge_base_id == base_id)
    own = (documents.c.tenant_id == tenant_id, documents.c.knowledge_base_id == base_id)
    # The documents first: whoever adds vectors holds theirs.
    await change(db, update(documents).where(*own).values(vector_count=0, embedding_error=None))
    await change(db, delete(passage_vectors).where(*of_it))


async def list_unembedded(db: SystemDb, limit: int) -> list[tuple[UUID, UUID, int]]:
    """(tenant, document, version) of what is found, but not whole by its meaning, in bases that have
    a model: nobody has touched it for a minute, or for an hour where it failed.
    """
    age = case(
        (documents.c.embedding_error.is_(None), interval_s(RESUMED_AFTER_S)),
        else_=interval_s(FAILED_RESUMED_AFTER_S),
    )
    statement = _unembedded().where(documents.c.updated_at < func.now() - age)
    rows = await fetch_all(db, statement.order_by(documents.c.updated_at).limit(limit))
    return [(row["tenant_id"], row["id"], row["published_version"]) for row in rows]


async def list_unembedded_of(
    db: OpenDb, tenant_id: UUID, base_id: UUID, limit: int
) -> list[tuple[UUID, int]]:
    """(document, version) of those of one base, whenever they were touched."""
    own = (documents.c.tenant_id == tenant_id, documents.c.knowledge_base_id == base_id)
    rows = await fetch_all(db, _unembedded().where(*own).limit(limit))
    return [(row["id"], row["published_version"]) for row in rows]


def _unembedded() -> Select[tuple[object, ...]]:
    its_base = and_(
        knowledge_bases.c.id == documents.c.knowledge_base_id,
        knowledge_bases.c.tenant_id == documents.c.tenant_id,
    )
    columns = (documents.c.tenant_id, documents.c.id, documents.c.published_version)
    return (
        select(*columns)
        .select_from(documents.join(knowledge_bases, its_base))
        .where(
            knowledge_bases.c.embedding_model.is_not(None),
            documents.c.published_version.is_not(None),
            documents.c.vector_count < documents.c.passage_count,
        )
    )
