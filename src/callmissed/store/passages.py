"""Rows of `passages` and `document_words`: what documents are found by.

A word stands in the index behind the number of its base (`17:price`), so that a search reads the
entries of the bases that it asks and of no other, however many there are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, case, cast, delete, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSQUERY
from sqlalchemy.engine import RowMapping
from sqlalchemy.types import Integer, Text, Uuid

from callmissed.domain.knowledge import Passage
from callmissed.kit.indic import sound_key
from callmissed.store.rows import OpenDb, change, fetch_all
from callmissed.store.schema import document_words, documents, knowledge_bases, passages

BATCH = 200
WORDS_BATCH = 2000
MAX_CANDIDATES = 400
MAX_WORD_CHARS = 60
TITLE_GAIN = 1.6
MEAN_TERMS = 45.0

_ADD = text(
    "insert into passages (tenant_id, document_id, position, heading, text, page, row_number,"
    " record, term_count, words) values (:tenant_id, :document_id, :position, :heading, :text,"
    " :page, :row_number, :record, :term_count, cast(:words as tsvector))"
).bindparams(bindparam("record", type_=JSONB(none_as_null=True)))
_ADD_WORDS = text(
    "insert into document_words"
    " (tenant_id, knowledge_base_id, document_id, word, sound, holders)"
    " select :tenant, :base, :document, * from unnest(:words, :sounds, :holders)"
).bindparams(
    bindparam("words", type_=ARRAY(Text)),
    bindparam("sounds", type_=ARRAY(Text)),
    bindparam("holders", type_=ARRAY(Integer)),
)
_KNOWN = text(
    "select word, sum(holders)::integer as holders from document_words"
    " where tenant_id = :tenant and knowledge_base_id = any(:bases)"
    " and (word = any(:words) or sound = any(:sounds)) group by word"
).bindparams(
    bindparam("bases", type_=ARRAY(Uuid)),
    bindparam("words", type_=ARRAY(Text)),
    bindparam("sounds", type_=ARRAY(Text)),
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
    """In the place of what the document had; how many passages and characters there are now."""
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
    place = {"tenant": tenant_id, "base": base_id, "document": document_id}
    for batch_of_words in _batches(holders.items(), WORDS_BATCH):
        words = [word for word, _ in batch_of_words]
        params = {
            **place,
            "words": words,
            "sounds": list(map(sound_key, words)),
            "holders": [held for _, held in batch_of_words],
        }
        await change(db, _ADD_WORDS, params)
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
    return tuple(_passage(row) for row in await fetch_all(db, statement))


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


async def find_words(
    db: OpenDb, tenant_id: UUID, shelf: Shelf, words: Sequence[str], sounds: Sequence[str]
) -> dict[str, int]:
    """Of these words, and of those that sound so, the ones that there are: by how many passages."""
    params = {
        "tenant": tenant_id,
        "bases": list(shelf.base_ids),
        "words": list(words),
        "sounds": list(sounds),
    }
    return {row["word"]: row["holders"] for row in await fetch_all(db, _KNOWN, params)}


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
    found = (
        select(passages.c.document_id, passages.c.position, passages.c.words, passages.c.term_count)
        .where(passages.c.tenant_id == tenant_id, _matches(passages.c.words, query))
        .limit(MAX_CANDIDATES)
        .cte("found")
        .prefix_with("materialized", dialect="postgresql")
    )
    sums = [_worth(found.c.words, shelf, group) for group in groups]
    length = 0.75 + 0.25 * func.least(found.c.term_count, 4 * MEAN_TERMS) / MEAN_TERMS
    score = (sum(sums[1:], sums[0]) / length).label("score")
    best = (
        select(found.c.document_id, found.c.position, score)
        .order_by(score.desc(), found.c.document_id, found.c.position)
        .limit(limit)
        .cte("best")
    )
    same = and_(
        passages.c.document_id == best.c.document_id, passages.c.position == best.c.position
    )
    statement = (
        select(documents.c.name, passages, best.c.score)
        .select_from(best.join(passages, same).join(documents, _SAME_DOCUMENT))
        .where(passages.c.tenant_id == tenant_id, documents.c.tenant_id == tenant_id)
        .order_by(best.c.score.desc(), passages.c.document_id, passages.c.position)
    )
    rows = await fetch_all(db, statement)
    return [
        Candidate(row["document_id"], row["position"], _passage(row), float(row["score"]))
        for row in rows
    ]


def any_of(shelf: Shelf, words: Iterable[str]) -> str:
    """The tsquery for passages of these bases with one of the words."""
    return "(" + "|".join(_lexeme(n, word) for n in shelf.numbers for word in words) + ")"


_SAME_DOCUMENT = and_(
    passages.c.document_id == documents.c.id, passages.c.tenant_id == documents.c.tenant_id
)


def _worth(words: Any, shelf: Shelf, group: Sequence[tuple[str, float]]) -> Any:
    whens: list[tuple[Any, Any]] = []
    for word, weight in sorted(group, key=lambda form: -form[1]):
        in_title = "|".join(f"{_lexeme(n, word)}:A" for n in shelf.numbers)
        whens.append((_matches(words, in_title), weight * TITLE_GAIN))
        whens.append((_matches(words, any_of(shelf, [word])), weight))
    return case(*whens, else_=0.0)


def _matches(words: Any, query: str) -> Any:
    return words.op("@@", is_comparison=True)(cast(query, TSQUERY))


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


def _passage(row: RowMapping) -> Passage:
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
