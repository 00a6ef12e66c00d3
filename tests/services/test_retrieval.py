"""What questions find in a tenant's documents, in any script, and what a call is told when it cannot look."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from callmissed.domain.knowledge import NOT_IN_TIME, NOT_REACHED, Found, Passage, join_rows
from callmissed.kit.looking_up import Wanted
from callmissed.providers.connections import Connections
from callmissed.runtime.embedded.ports import free_ports
from callmissed.runtime.library import Library
from callmissed.services import knowledge, retrieval
from callmissed.services.retrieval import narrow
from callmissed.store import knowledge as bases
from callmissed.store.database import Database
from callmissed.store.passages import Shelf
from tests.databases import fresh_database
from tests.stories import Tenant, a_tenant

CLINIC = """# Sunrise

## Prices

An MRI costs 6,500 rupees.

## Parking

The car park is behind the building.
"""
MANDIR = """# मंदिर

## दर्शन का समय

मंदिर सुबह 5 बजे खुलता है।

## दान

दान की रसीद उसी समय मिलती है।
"""
TAMIL = """# மருத்துவமனை

## கட்டணம்

மருத்துவர் ஆலோசனைக் கட்டணம் 300 ரூபாய்.
"""


@asynccontextmanager
async def a_library(url: str) -> AsyncIterator[Library]:
    connections = Connections()
    library = Library(url, lambda: connections)
    yield library
    await library.aclose()
    await connections.aclose()


async def a_base(database: Database, tenant: Tenant) -> UUID:
    async with database.tenant(tenant.id) as db:
        base_id = await bases.add_base(db, tenant.id, "all")
        for name, words in (("clinic", CLINIC), ("mandir", MANDIR), ("tamil", TAMIL)):
            await knowledge.add_markdown(db, tenant.id, base_id, name, words)
    return base_id


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("how much is an m r i", "6,500"),
        ("where is the car parking", "behind"),
        ("where is the car barking", "behind"),
        ("मंदिर कब खुलता है", "सुबह 5"),
        ("mandir subah kab khulta hai", "सुबह 5"),
        ("daan ki rasid kab milegi", "रसीद"),
        ("temple opening time", "सुबह 5"),
        ("மருத்துவர் கட்டணம் எவ்வளவு", "300"),
    ],
)
async def test_a_question_in_any_script_finds_its_passage(
    database: Database, question: str, answer: str
) -> None:
    tenant = await a_tenant(database)
    base_id = await a_base(database, tenant)
    async with database.tenant(tenant.id) as db:
        found = (await retrieval.search(db, [base_id], question)).found
    assert found and answer in found[0].passage.text
    assert found[0].why


async def test_a_question_may_hold_anything(database: Database) -> None:
    tenant = await a_tenant(database)
    base_id = await a_base(database, tenant)
    for question in (
        "",
        "' & | ! ( ) :* \\",
        "cost'); drop table passages",
        "\u200d" * 9,
        "क" * 900,
    ):
        async with database.tenant(tenant.id) as db:
            await retrieval.search(db, [base_id, uuid4()], question)


async def test_a_call_looks_into_its_own_tenants_bases_only(postgres_url: str) -> None:
    async with fresh_database(postgres_url) as url, a_library(url) as library:
        database = Database(url)
        ours, theirs = await a_tenant(database), await a_tenant(database, "Other")
        base_id = await a_base(database, ours)
        await database.dispose()
        own = await library.search(ours.id, [base_id], "what does an MRI cost", (), 4)
        assert "6,500" in own.found[0].passage.text and own.missed is None
        assert (await library.search(theirs.id, [base_id], "MRI cost", (), 4)).found == ()


async def test_what_calls_read_by_can_write_nothing(postgres_url: str) -> None:
    async with fresh_database(postgres_url) as url:
        database = Database(url, is_read_only=True)
        with pytest.raises(DBAPIError, match="read-only"):
            async with database.system() as db:
                await db.connection.execute(text("delete from passages"))
        await database.dispose()


async def test_a_call_is_told_when_it_could_not_look(postgres_url: str) -> None:
    (port,) = free_ports("127.0.0.1", 1)
    nowhere = f"postgresql+psycopg://nobody@127.0.0.1:{port}/none"
    async with a_library(nowhere) as library:
        answer = await library.search(uuid4(), [uuid4()], "what does an MRI cost", (), 4)
        assert (answer.found, answer.missed) == ((), NOT_REACHED)
    async with fresh_database(postgres_url) as url:
        library = Library(url, Connections, within_s=0)
        answer = await library.search(uuid4(), [uuid4()], "what does an MRI cost", (), 4)
        assert (answer.found, answer.missed) == ((), NOT_IN_TIME)
        await library.aclose()


def test_rows_that_answer_alike_are_told_together() -> None:
    def row(name: str, score: float, document: str = "a.csv") -> Found:
        return Found(Passage(document, "", f"{name}.", record={"Doctor": name}), score)

    joined = join_rows([row("Asha", 4), row("Vikram", 3.9), row("Other", 3.9, "b"), row("Far", 1)])
    assert [one.passage.text for one in joined] == ["Asha.\nVikram.", "Other.", "Far."]


def test_common_words_are_looked_for_in_pairs() -> None:
    shelf = Shelf((uuid4(),), (7,), 20_000)
    wanted = [
        Wanted((("mri", 4.0),), 12),
        Wanted((("price", 1.0),), 900),
        Wanted((("open", 1.0),), 5000),
    ]
    assert narrow(shelf, wanted) == "('7:mri')|(('7:price')&('7:open'))"
    assert narrow(shelf, wanted[1:2]) == "('7:price')"
