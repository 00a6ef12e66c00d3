"""Rows of `passages` and `document_words`: what documents are found by.

A word stands in the index behind the number of its base (`17:price`), so that a search reads the
entries of the bases that it asks and of no other, however many there are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import RowMapping

from callmissed.domain.knowledge import Passage
from callmissed.store import base_words
from callmissed.store.rows import OpenDb, change, fetch_all
from callmissed.store.schema import document_words, documents, knowledge_bases, passages

BATCH = 200
MAX_CANDIDATES = 400
MAX_WORD_CHARS = 60

_ADD = text(
    "insert into passages (tenant_id, document_id, position, heading, text, page, row_number,"
    " record, term_count, words) values (:tenant_id, :document_id, :position, :heading, :text,"
    " :page, :row_number, :record, :term_count, cast(:words as tsvector))"
).bindparams(bindparam("record", type_=JSONB(none_as_null=True)))

# One text for every question, so that the server keeps its plan. The function ranks by the index,
# which row-level security would not let this query use; what it names is read under the tenant's rights.
_SEARCH = text(
    """
select d.name, p.document_id, p.position, p.heading, p.text, p.page, p.row_number, p.record,
  best.score
from rank_passages(:query, cast(:groups as integer[]), cast(:weights as float8[]),
  cast(:anywhere as text[]), cast(:in_title as text[]), :candidates, :limit) best
join passages p on p.document_id = best.document_id and p.position = best.position
join documents d on d.id = p.document_id and d.tenant_id = p.tenant_id
where p.tenant_id = :tenant
order by best.score desc, p.document_id, p.position
"""
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A passage to be stored. `terms` are its stems: True for those of its heading; `term_count` is
    how many words it has.
    """

    passage: Passage
    terms: Mapping[str, bool]
    term_count: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored passage; `document_id` and `position` name it."""

    document_id: UUID
    position: int
    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Shelf:
    """The bases that a search may look into: their numbers in the index, and their passages."""

    base_ids: tuple[UUID, ...]
    numbers: tuple[int, ...]
    passage_count: int


async def replace(
    db: OpenDb,
    tenant_id: UUID,
    base_id: UUID,
    base_number: int,
    document_id: UUID,
    drafts: Iterable[Draft],
) -> tuple[int, int]:
    """In the place of what the document had; how many passages and characters there are now.

    Waits up to `base_words.PATIENT` for others who change the same base.
    """
    await base_words.be_patient(db)
    await base_words.forget(db, tenant_id, base_id, document_id)
    await change(db, delete(passages).where(*_of(passages, tenant_id, document_id)))
    await change(db, delete(document_words).where(*_of(document_words, tenant_id, document_id)))
    holders: dict[str, int] = {}
    count = chars = 0
    for batch in _batches(drafts, BATCH):
        rows = []
        for draft in batch:
            for word in {word[:MAX_WORD_CHARS] for word in draft.terms}:
                holders[word] = holders.get(word, 0) + 1
            rows.append(_row(tenant_id, document_id, count, base_number, draft))
            count += 1
            chars += len(draft.passage.heading) + len(draft.passage.text)
        await db.connection.execute(_ADD, rows)
    await base_words.add(db, tenant_id, base_id, document_id, holders)
    return count, chars


async def list_all(
    db: OpenDb, tenant_id: UUID, base_ids: Sequence[UUID], limit: int | None = None
) -> tuple[Passage, ...]:
    """By document name, then in the document's order; the tenant stands in the query itself."""
    if not base_ids:
        return ()
    statement = (
        select(documents.c.name, passages)
        .select_from(documents.join(passages, _SAME_DOCUMENT))
        .where(
            documents.c.tenant_id == tenant_id,
            documents.c.knowledge_base_id.in_(list(base_ids)),
        )
        .order_by(documents.c.name, documents.c.id, passages.c.position)
        .limit(limit)
    )
    return tuple(read_passage(row) for row in await fetch_all(db, statement))


async def find_shelf(db: OpenDb, tenant_id: UUID, base_ids: Sequence[UUID]) -> Shelf:
    """Those of the bases that are the tenant's."""
    its_own = and_(
        documents.c.knowledge_base_id == knowledge_bases.c.id,
        documents.c.tenant_id == knowledge_bases.c.tenant_id,
    )
    statement = (
        select(
            knowledge_bases.c.id,
            knowledge_bases.c.number,
            func.coalesce(func.sum(documents.c.passage_count), 0).label("count"),
        )
        .select_from(knowledge_bases.outerjoin(documents, its_own))
        .where(knowledge_bases.c.tenant_id == tenant_id, knowledge_bases.c.id.in_(list(base_ids)))
        .group_by(knowledge_bases.c.id)
    )
    rows = await fetch_all(db, statement)
    return Shelf(
        base_ids=tuple(row["id"] for row in rows),
        numbers=tuple(row["number"] for row in rows),
        passage_count=sum(row["count"] for row in rows),
    )


async def search(
    db: OpenDb,
    tenant_id: UUID,
    shelf: Shelf,
    query: str,
    groups: Sequence[Sequence[tuple[str, float]]],
    limit: int,
) -> list[Candidate]:
    """The best of the passages that match `query` (a tsquery). A passage is worth, for each group,
    its best word there; a word of the heading counts more, a long passage a little less.
    """
    forms = [
        (number, weight, any_of(shelf, [word]), _in_title(shelf, word))
        for number, group in enumerate(groups)
        for word, weight in group
    ]
    params = {
        "tenant": tenant_id,
        "query": query,
        "groups": [form[0] for form in forms],
        "weights": [form[1] for form in forms],
        "anywhere": [form[2] for form in forms],
        "in_title": [form[3] for form in forms],
        "candidates": MAX_CANDIDATES,
        "limit": limit,
    }
    rows = await fetch_all(db, _SEARCH, params)
    return [
        Candidate(row["document_id"], row["position"], read_passage(row), float(row["score"]))
        for row in rows
    ]


def any_of(shelf: Shelf, words: Iterable[str]) -> str:
    """The tsquery for passages of these bases with one of the words."""
    return "(" + "|".join(_lexeme(n, word) for n in shelf.numbers for word in words) + ")"


_SAME_DOCUMENT = and_(
    passages.c.document_id == documents.c.id, passages.c.tenant_id == documents.c.tenant_id
)


def _in_title(shelf: Shelf, word: str) -> str:
    return "|".join(f"{_lexeme(number, word)}:A" for number in shelf.numbers)


def _lexeme(number: int, word: str) -> str:
    bare = word[:MAX_WORD_CHARS].replace("\\", "\\\\").replace("'", "''")
    return f"'{number}:{bare}'"


def _row(
    tenant_id: UUID, document_id: UUID, position: int, base_number: int, draft: Draft
) -> dict[str, Any]:
    passage = draft.passage
    words = " ".join(
        f"{_lexeme(base_number, word)}:1{'A' if in_title else ''}"
        for word, in_title in draft.terms.items()
    )
    return {
        "tenant_id": tenant_id,
        "document_id": document_id,
        "position": position,
        "heading": passage.heading,
        "text": passage.text,
        "page": passage.page,
        "row_number": passage.row,
        "record": dict(passage.record) if passage.record is not None else None,
        "term_count": draft.term_count,
        "words": words,
    }


def read_passage(row: RowMapping) -> Passage:
    """Of a row with the columns of `passages` and the document's name."""
    return Passage(
        document=row["name"],
        heading=row["heading"],
        text=row["text"],
        page=row["page"],
        row=row["row_number"],
        record=row["record"],
    )


def _of(table: Any, tenant_id: UUID, document_id: UUID) -> tuple[Any, Any]:
    return table.c.tenant_id == tenant_id, table.c.document_id == document_id


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
