"""What a question finds in knowledge bases: by its words in PostgreSQL's full text, and by its meaning
where there are vectors; tenant by tenant.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from callmissed.domain.fusion import fuse
from callmissed.domain.knowledge import Found, Passage, Retrieval, join_rows
from callmissed.kit.directions import Direction
from callmissed.kit.documents.pieces import Piece, words_of_piece
from callmissed.kit.looking_up import Lookup, Wanted, look_up, points_back, weigh
from callmissed.store import base_words, passages, vectors
from callmissed.store.passages import Candidate, Shelf
from callmissed.store.tenant import TenantDb

MAX_CANDIDATES = 150
ENOUGH = 60
MOST_COMMON = 3
RANKED = 24
MAX_NEAREST = 400
"""Passages whose signs are nearest to the question's, of which the vectors are compared."""
LEAST_WORTH = 0.25
"""Of the best one: what is worth less than this part of it says nothing."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a question means by one model, and the bases that have vectors by it."""

    base_ids: tuple[UUID, ...]
    model_id: str
    direction: Direction
    least_similarity: float


async def search(
    db: TenantDb,
    base_ids: Sequence[UUID],
    question: str,
    earlier: Sequence[str] = (),
    limit: int = 5,
    meanings: Sequence[Meaning] = (),
) -> Retrieval:
    """The passages for a question, best first, each with the words that led to it; of bases that are
    the tenant's. `earlier` is what was asked before, oldest first.
    """
    start_s = time.perf_counter()
    lookup = look_up(question, earlier)
    shelf = await passages.find_shelf(db, db.tenant_id, base_ids)
    wanted = await _weigh(db, shelf, lookup)
    by_words = await _find(db, shelf, wanted)
    by_meaning = [await search_meaning(db, meaning) for meaning in meanings]
    found = fuse(by_words, by_meaning)[:limit]
    explained = tuple(replace(one, why=_why(one.passage, wanted)) for one in found)
    return Retrieval(explained, (time.perf_counter() - start_s) * 1000)


async def open_shelf(db: TenantDb, base_ids: Sequence[UUID]) -> Shelf:
    """What `search_shelf` looks into; good for many searches."""
    return await passages.find_shelf(db, db.tenant_id, base_ids)


async def search_shelf(db: TenantDb, shelf: Shelf, lookup: Lookup) -> list[Found]:
    """By words, without the reasons: what a call asks on every turn."""
    return await _find(db, shelf, await _weigh(db, shelf, lookup))


async def search_meaning(db: TenantDb, meaning: Meaning) -> list[Found]:
    """The passages that mean about the same, most like first; none less like than is told."""
    direction = meaning.direction
    near = await vectors.nearest(
        db, db.tenant_id, meaning.base_ids, meaning.model_id, direction.signs, MAX_NEAREST
    )
    likeness = direction.similarities([one.vector for one in near])
    best = sorted(zip(likeness, near, strict=True), key=lambda pair: -pair[0])[:RANKED]
    places = [
        (one.document_id, one.position, like)
        for like, one in best
        if like >= meaning.least_similarity
    ]
    ranked = await vectors.passages_at(db, db.tenant_id, places)
    return [Found(one.passage, one.score, similarity=one.score) for one in ranked]


def words_to_embed(question: str, earlier: Sequence[str]) -> str:
    """The question, behind the one before it where it points back."""
    if earlier and points_back(question):
        return f"{earlier[-1]} {question}"
    return question


async def _weigh(db: TenantDb, shelf: Shelf, lookup: Lookup) -> list[Wanted]:
    if not shelf.numbers or not lookup.terms:
        return []
    holders = await base_words.find(db, db.tenant_id, shelf.base_ids, lookup.words, lookup.sounds)
    return weigh(lookup, holders, shelf.passage_count)


async def _find(db: TenantDb, shelf: Shelf, wanted: Sequence[Wanted]) -> list[Found]:
    if not wanted:
        return []
    query = narrow(shelf, wanted)
    groups = [one.forms for one in wanted]
    ranked = await passages.search(db, db.tenant_id, shelf, query, groups, RANKED)
    return join_rows(_worth_telling(ranked))


def narrow(shelf: Shelf, wanted: Sequence[Wanted]) -> str:
    """The tsquery for what is looked at closely: passages with one of the rare words, and where those
    are few, with two of the common ones.
    """
    rare: list[Wanted] = []
    total = 0
    for one in wanted:
        if total + one.holders > MAX_CANDIDATES:
            break
        rare.append(one)
        total += one.holders
    more = MOST_COMMON if total < ENOUGH else 0
    common = [_any(shelf, one) for one in wanted[len(rare) : len(rare) + more]]
    parts = [_any(shelf, one) for one in rare]
    parts += [
        f"({common[one]}&{common[other]})"
        for one in range(len(common))
        for other in range(one + 1, len(common))
    ]
    return "|".join(parts or common)


def _any(shelf: Shelf, one: Wanted) -> str:
    return passages.any_of(shelf, [name for name, _ in one.forms])


def _worth_telling(ranked: Sequence[Candidate]) -> list[Found]:
    least = LEAST_WORTH * ranked[0].score if ranked else 0.0
    return [Found(one.passage, one.score) for one in ranked if one.score >= least]


def _why(passage: Passage, wanted: Sequence[Wanted]) -> tuple[str, ...]:
    piece = Piece(passage.heading, passage.text, record=passage.record)
    held = words_of_piece(piece).terms
    return tuple(
        best
        for one in wanted
        if (best := next((name for name, _ in one.forms if name in held), None)) is not None
    )
