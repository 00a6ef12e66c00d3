"""How long calls wait for retrieval: 20,000 passages in the tenant, 1,000,000 in the table, 25 calls.

`python -m bench.knowledge.latency [--tenants 50] [--calls 25] [--turns 20]`. Three ways to ask: `paced`,
as calls do, one question in about four seconds each; `together`, all calls in the same instant; and
`alone`, one after the other.
"""

import argparse
import asyncio
import json
import random
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import accumulate
from uuid import UUID, uuid4

import psycopg
from sqlalchemy.engine import make_url

from callmissed.domain.knowledge import Origin
from callmissed.kit.documents.pieces import Piece
from callmissed.providers.connections import Connections
from callmissed.runtime.library import Library
from callmissed.services.knowledge import draft_of
from callmissed.store import documents, knowledge, passages
from callmissed.store.database import Database
from tests.databases import admin_url, fresh_database
from tests.servers import running_postgres, short_folder
from tests.stories import a_tenant

DOCUMENTS = 20
COPIES = 10
# Half a million rows a tenant, which only its own searches read.
WITH_WORDS = 4
PASSAGES_EACH = 100
WORDS_EACH = 45
VOCABULARY = 30_000
PACE_S = 4.0
SEED = 7

COPY_TENANT = """
with one as (
  insert into tenants (id, name, plan, created_at) values (%(tenant)s, 'copy', 'pro', now())
), two as (
  insert into knowledge_bases (id, tenant_id, name, created_at)
  values (%(base)s, %(tenant)s, 'copy', now())
) select 1
"""
COPY_DOCUMENTS = """
insert into documents (id, tenant_id, knowledge_base_id, name, media_type, content_sha256, state,
  published_version, passage_count, chars, created_at)
select md5(%(salt)s || id::text)::uuid, %(tenant)s, %(base)s, name || %(salt)s, media_type,
  content_sha256, 'indexed', 1, passage_count, chars, created_at
from documents where tenant_id = %(first)s
"""
COPY_PASSAGES = """
insert into passages (tenant_id, document_id, position, heading, text, term_count, words)
select %(tenant)s, md5(%(salt)s || document_id::text)::uuid, position, heading, text,
  term_count, replace(words::text, %(old)s, %(new)s)::tsvector
from passages where tenant_id = %(first)s
"""
COPY_COUNTS = """
insert into base_words (tenant_id, knowledge_base_id, word, sound, holders)
select %(tenant)s, %(base)s, word, min(sound), sum(holders)
from document_words where tenant_id = %(first)s group by word
on conflict (tenant_id, knowledge_base_id, word) do update set holders = excluded.holders
"""
COPY_WORDS = """
insert into document_words (tenant_id, knowledge_base_id, document_id, word, sound, holders)
select %(tenant)s, %(base)s, md5(%(salt)s || document_id::text)::uuid, word, sound, holders
from document_words where tenant_id = %(first)s
"""


class Words:
    """Made-up words, a few of them very common, as in any language."""

    def __init__(self) -> None:
        self.random = random.Random(SEED)
        syllables = [
            one + two for one in "bdfgklmnprstvz" for two in ("a", "e", "i", "o", "u", "ar")
        ]
        made: set[str] = set()
        while len(made) < VOCABULARY:
            made.add("".join(self.random.choices(syllables, k=self.random.randint(2, 5))))
        self.words = sorted(made)
        self.random.shuffle(self.words)
        self.weights = list(accumulate(1 / (rank + 20) for rank in range(VOCABULARY)))

    def draw(self, count: int) -> list[str]:
        return self.random.choices(self.words, cum_weights=self.weights, k=count)


async def fill(database: Database, words: Words) -> tuple[UUID, UUID, list[str]]:
    """One tenant with all its documents; the texts of its passages are given back."""
    tenant = await a_tenant(database)
    texts: list[str] = []
    async with database.tenant(tenant.id) as db:
        base_id = await knowledge.add_base(db, tenant.id, "large")
        number = await knowledge.number_of(db, tenant.id, base_id)
    assert number is not None
    for name in range(DOCUMENTS):
        pieces = []
        for _ in range(PASSAGES_EACH):
            heading, text = " ".join(words.draw(3)), " ".join(words.draw(WORDS_EACH))
            texts.append(text)
            pieces.append(Piece(heading, text))
        async with database.tenant(tenant.id) as db:
            given = (base_id, f"document {name}", "text/plain", Origin.TEXT, None)
            document_id = await documents.add(db, tenant.id, *given)
            drafts = [draft_of("", piece) for piece in pieces]
            count, chars = await passages.replace(
                db, tenant.id, base_id, number, document_id, drafts
            )
            await documents.change_document(
                db, tenant.id, document_id, passage_count=count, chars=chars
            )
    return tenant.id, base_id, texts


def copy_tenants(admin: psycopg.Connection, first: UUID, base: UUID, count: int) -> None:
    """The documents ten times over, and `count` tenants with the same; the index is made when all
    are there.
    """
    row = admin.execute("select number from knowledge_bases where id = %s", [base]).fetchone()
    assert row is not None
    admin.execute("drop index passages_words")
    admin.execute("set session_replication_role = replica")
    for table in ("passages", "document_words"):
        admin.execute(f"alter table {table} set (autovacuum_enabled = off)")
    own = {"tenant": first, "base": base, "first": first, "old": "'", "new": "'"}
    admin.execute("create temporary table made as select id from documents")
    for copy in range(1, COPIES):
        ids = {**own, "salt": f" {copy}"}
        admin.execute(f"{COPY_DOCUMENTS} and id in (select id from made)", ids)
        admin.execute(f"{COPY_PASSAGES} and document_id in (select id from made)", ids)
        admin.execute(f"{COPY_WORDS} and document_id in (select id from made)", ids)
    admin.execute(COPY_COUNTS, own)
    for number in range(count):
        ids = {"tenant": uuid4(), "base": uuid4(), "first": first, "salt": str(uuid4())}
        admin.execute(COPY_TENANT, ids)
        made = admin.execute(
            "select number from knowledge_bases where id = %(base)s", ids
        ).fetchone()
        assert made is not None
        admin.execute(COPY_DOCUMENTS, ids)
        admin.execute(COPY_PASSAGES, {**ids, "old": f"'{row[0]}:", "new": f"'{made[0]}:"})
        admin.execute(COPY_COUNTS, ids)
        if number < WITH_WORDS:
            admin.execute(COPY_WORDS, ids)
    admin.execute("set maintenance_work_mem = '512MB'")
    admin.execute(
        "create index passages_words on passages using gin (words) with (fastupdate = off)"
    )
    for table in ("passages", "document_words", "base_words", "documents"):
        admin.execute(f"vacuum analyze {table}")


def make_questions(words: Words, texts: Sequence[str], count: int) -> list[str]:
    """Three words of some passage and two that may be anywhere."""
    chosen = words.random.choices(texts, k=count)
    return [
        f"what is the {' '.join(words.random.sample(text.split(), 3))} of {' '.join(words.draw(2))}"
        for text in chosen
    ]


@asynccontextmanager
async def open_large(tenants: int) -> AsyncIterator[tuple[str, UUID, UUID, Words, list[str], int]]:
    words = Words()
    with short_folder() as folder:
        async with running_postgres(folder) as url, fresh_database(url) as database_url:
            database = Database(database_url)
            first, base, texts = await fill(database, words)
            await database.dispose()
            address = admin_url(url, make_url(database_url).database or "")
            with psycopg.connect(address, autocommit=True) as admin:
                copy_tenants(admin, first, base, tenants - 1)
                row = admin.execute("select count(*) from passages").fetchone()
            yield database_url, first, base, words, texts, row[0] if row else 0


Ask = Callable[[str], Awaitable[float]]


async def ask_alone(ask: Ask, questions: Sequence[str]) -> list[float]:
    return [await ask(question) for question in questions]


async def ask_together(ask: Ask, questions: Sequence[str], calls: int) -> list[float]:
    took: list[float] = []
    for start in range(0, len(questions), calls):
        took += await asyncio.gather(*map(ask, questions[start : start + calls]))
    return took


async def ask_paced(ask: Ask, questions: Sequence[str], calls: int) -> list[float]:
    dice = random.Random(SEED)

    async def call(own: Sequence[str]) -> list[float]:
        took = []
        for question in own:
            await asyncio.sleep(dice.uniform(0, 2 * PACE_S))
            took.append(await ask(question))
        return took

    each = [questions[number::calls] for number in range(calls)]
    return [one for took in await asyncio.gather(*map(call, each)) for one in took]


def summary(took: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(took, n=100)
    return {
        "asked": len(took),
        "p50_ms": round(cuts[49], 2),
        "p95_ms": round(cuts[94], 2),
        "p99_ms": round(cuts[98], 2),
        "most_ms": round(max(took), 2),
    }


async def measure(tenants: int, calls: int, turns: int) -> dict[str, object]:
    began_s = time.monotonic()
    async with open_large(tenants) as (url, tenant, base, words, texts, count):
        filled_s = time.monotonic() - began_s
        library = Library(url, Connections)
        missed: list[str] = []

        async def ask(question: str) -> float:
            answer = await library.search(tenant, [base], question, (), 4)
            if answer.missed:
                missed.append(answer.missed)
            return answer.took_ms

        await ask_together(ask, make_questions(words, texts, 4 * calls), calls)
        missed.clear()
        asked = [make_questions(words, texts, calls * turns) for _ in range(3)]
        figures: dict[str, object] = {
            "passages": count,
            "filled_s": round(filled_s),
            "alone": summary(await ask_alone(ask, asked[0])),
            "together": summary(await ask_together(ask, asked[1], calls)),
            "paced": summary(await ask_paced(ask, asked[2], calls)),
            "missed": len(missed),
        }
        await library.aclose()
        return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=50)
    parser.add_argument("--calls", type=int, default=25)
    parser.add_argument("--turns", type=int, default=10)
    given = parser.parse_args()
    figures = asyncio.run(measure(given.tenants, given.calls, given.turns))
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
