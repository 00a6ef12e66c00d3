"""`make eval-knowledge`: 12 documents are read, every question is asked, and what was found is counted.

Each question stands in `questions.tsv` (and in `held_out.tsv`, written when the code was done and used
for nothing but counting) with the document that answers it and words of the passage.
Every question is asked twice: by words alone, and fused with what the simulated embedding model finds,
whose meaning is parts of words: what fusing does to what words find, not what a real model adds.
`en`: English; `heard`: as a recogniser may mishear it; `row`: one row of a table answers; `hi`, `ta`:
Hindi, Tamil; `latin`: Hindi in Latin letters; `none`: no document knows.
"""

import argparse
import asyncio
import csv
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from callmissed.dev.embeddings import embed
from callmissed.domain.audit import SYSTEM
from callmissed.domain.knowledge import Found, Origin
from callmissed.kit.directions import Direction, read_direction
from callmissed.runtime.house import House, open_house
from callmissed.runtime.reading import read_document
from callmissed.runtime.settings import load_settings
from callmissed.services import documents, knowledge, retrieval
from callmissed.services.documents import Given
from callmissed.services.retrieval import Meaning
from callmissed.store import vectors
from tests.databases import fresh_database
from tests.servers import running_postgres, short_folder
from tests.stories import a_tenant

HERE = Path(__file__).parent
QUESTIONS, HELD_OUT = "questions.tsv", "held_out.tsv"
RECALL_AT = 5
MODEL, LEAST_SIMILARITY, MAX_PASSAGES = "simulated", 0.15, 10_000
LEAST = {"en": 0.95, "row": 0.98, "all": 0.90}


@dataclass(frozen=True, slots=True)
class Question:
    kind: str
    document: str
    words: str
    question: str


@dataclass(frozen=True, slots=True)
class Base:
    """The base that is asked, and one of another tenant with the same documents."""

    house: House
    tenant_id: UUID
    base_id: UUID
    foreign_base_id: UUID


def read_questions(name: str) -> list[Question]:
    with (HERE / name).open(encoding="utf-8", newline="") as lines:
        return [Question(*row) for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


@asynccontextmanager
async def open_house_here() -> AsyncIterator[House]:
    """A house over a fresh database; nothing else of it is there."""
    with short_folder() as folder, tempfile.TemporaryDirectory() as data_dir:
        async with running_postgres(folder) as url, fresh_database(url) as database_url:
            settings = load_settings(
                {
                    "CALLMISSED_SECRET": "secret-of-the-evaluation-of-knowledge",
                    "CALLMISSED_DATA_DIR": data_dir,
                    "DATABASE_URL": database_url,
                    "LIVEKIT_URL": "ws://127.0.0.1:9",
                    "LIVEKIT_API_KEY": "nobody",
                    "LIVEKIT_API_SECRET": "secret-of-a-server-that-is-nowhere",
                }
            )
            async with open_house(settings) as house:
                yield house


@asynccontextmanager
async def open_base() -> AsyncIterator[Base]:
    async with open_house_here() as house:
        (tenant_id, base_id), (_, foreign) = [await _fill(house) for _ in range(2)]
        yield Base(house, tenant_id, base_id, foreign)


async def _fill(house: House) -> tuple[UUID, UUID]:
    tenant = await a_tenant(house.database)
    async with house.database.tenant(tenant.id) as db:
        base = await knowledge.create_base(db, SYSTEM, "evaluation")
    for path in sorted((HERE / "documents").iterdir()):
        data = path.read_bytes()
        given = Given(path.name, "", Origin.UPLOAD, bytes(32), len(data))
        async with house.database.tenant(tenant.id) as db:
            document = await documents.give_document(db, SYSTEM, base.id, given, _whole(data))
        await read_document(house, tenant.id, document.id, document.version)
        async with house.database.tenant(tenant.id) as db:
            done = await documents.get_document(db, base.id, document.id)
            bare = await vectors.list_bare(db, tenant.id, document.id, MAX_PASSAGES)
            rows = [(one.position, _direction(f"{one.heading}\n{one.text}")) for one in bare]
            kept = [(position, one.signs, one.packed) for position, one in rows]
            await vectors.add(db, tenant.id, base.id, document.id, MODEL, kept)
        assert done.error is None, (path.name, done.error)
    return tenant.id, base.id


def _direction(words: str) -> Direction:
    return read_direction(embed(words).tolist())


def meaning_of(base_id: UUID, words: str) -> Meaning:
    return Meaning((base_id,), MODEL, _direction(words), LEAST_SIMILARITY)


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data


def rank_of(question: Question, found: Sequence[Found]) -> int | None:
    """At which place the passage stands that answers, from 1."""
    for place, one in enumerate(found, 1):
        passage = one.passage
        if passage.document != question.document:
            continue
        said = f"{passage.heading}\n{passage.text}"
        if passage.record is not None:
            said = f"{' '.join(passage.record.values())}\n{said}"
        if question.words in said:
            return place
    return None


def first_row_is_right(question: Question, found: Sequence[Found]) -> bool:
    """Whether the row that answers is the first that is told."""
    if not found or found[0].passage.document != question.document:
        return False
    passage = found[0].passage
    first = passage.text.partition("\n")[0]
    values = list((passage.record or {}).values())
    return question.words in first or question.words in values


async def evaluate(base: Base, name: str, *, by_meaning: bool) -> dict[str, object]:
    counts: dict[str, list[int]] = {}
    rows = [0, 0]
    silent = foreign = 0
    missed: list[str] = []
    for question in read_questions(name):
        own, theirs = (
            [meaning_of(one, question.question)] if by_meaning else []
            for one in (base.base_id, base.foreign_base_id)
        )
        asked = question.question
        async with base.house.database.tenant(base.tenant_id) as db:
            answer = await retrieval.search(db, [base.base_id], asked, (), RECALL_AT, own)
            other = await retrieval.search(db, [base.foreign_base_id], asked, meanings=theirs)
        foreign += len(other.found)
        if question.kind == "none":
            silent += not answer.found
            continue
        place = rank_of(question, answer.found)
        hits = counts.setdefault(question.kind, [0, 0])
        hits[0] += place is not None
        hits[1] += 1
        if question.kind == "row":
            right = first_row_is_right(question, answer.found)
            rows[0] += right
            rows[1] += 1
        if place is None or (question.kind == "row" and not right):
            missed.append(f"{question.kind}: {question.question} → {_shown(answer.found)}")
    return {
        "recall": {kind: round(hit / asked, 4) for kind, (hit, asked) in counts.items()},
        "asked": {kind: asked for kind, (_, asked) in counts.items()},
        "all": round(sum(h for h, _ in counts.values()) / sum(n for _, n in counts.values()), 4),
        "right_row_first": round(rows[0] / rows[1], 4),
        "nothing_found_where_nothing_is": silent,
        "foreign_passages": foreign,
        "missed": missed,
    }


def _shown(found: Sequence[Found]) -> str:
    return " | ".join(
        f"{one.passage.document}: {one.passage.text[:60]!r} {one.score:.1f}" for one in found[:2]
    )


def is_good_enough(figures: dict[str, object]) -> bool:
    recall = figures["recall"]
    assert isinstance(recall, dict)
    reached = {"en": recall["en"], "row": figures["right_row_first"], "all": figures["all"]}
    enough = all(float(str(reached[kind])) >= least for kind, least in LEAST.items())
    return enough and figures["foreign_passages"] == 0


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    async with open_base() as base:
        by_words, fused = [
            {name: await evaluate(base, name, by_meaning=one) for name in (QUESTIONS, HELD_OUT)}
            for one in (False, True)
        ]
    shown = {"by words": by_words, "fused": fused}
    print(json.dumps(shown, ensure_ascii=False, indent=2))
    return 0 if all(is_good_enough(one[QUESTIONS]) for one in (by_words, fused)) else 1


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
