"""Documents are read by the real worker of `callmissed jobs`, and found when they are whole."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import text

from callmissed.domain.audit import SYSTEM
from callmissed.domain.knowledge import Document, DocumentState, Origin
from callmissed.runtime.house import House
from callmissed.runtime.reading import read_document
from callmissed.services import knowledge, retrieval
from callmissed.services.documents import Given, delete_document, get_document, give_document
from tests import documents
from tests.jobs.test_jobs import a_house, running_jobs
from tests.stories import Tenant, a_tenant, rows

PATIENCE_S = 60


async def in_parts(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def a_base(house: House, tenant: Tenant) -> UUID:
    async with house.database.tenant(tenant.id) as db:
        return (await knowledge.create_base(db, SYSTEM, "School")).id


async def give(house: House, tenant: Tenant, base: UUID, name: str, data: bytes) -> Document:
    given = Given(name, "", Origin.UPLOAD, bytes(32), len(data))
    async with house.database.tenant(tenant.id) as db:
        return await give_document(db, SYSTEM, base, given, in_parts(data))


async def look(house: House, tenant: Tenant, document: Document) -> Document:
    async with house.database.tenant(tenant.id) as db:
        return await get_document(db, document.knowledge_base_id, document.id)


async def read(house: House, tenant: Tenant, document: Document) -> Document:
    await read_document(house, tenant.id, document.id, document.version)
    return await look(house, tenant, document)


async def ask(house: House, tenant: Tenant, base: UUID, question: str) -> list[str]:
    async with house.database.tenant(tenant.id) as db:
        return [one.passage.text for one in (await retrieval.search(db, [base], question)).found]


@pytest.fixture
async def house(postgres_url: str) -> AsyncIterator[House]:
    async with a_house(postgres_url) as house:
        yield house


async def test_the_worker_reads_what_was_given(house: House) -> None:
    tenant = await a_tenant(house.database)
    base = await a_base(house, tenant)
    document = await give(house, tenant, base, "school.pdf", documents.pdf(2))
    assert document.state is DocumentState.WAITING and document.published_version is None
    async with running_jobs(house), asyncio.timeout(PATIENCE_S):
        while document.state in (DocumentState.WAITING, DocumentState.READING):
            document = await look(house, tenant, document)
    assert (document.state, document.error) == (DocumentState.INDEXED, None)
    assert document.media_type == "application/pdf" and document.passage_count > 3
    (best, *_) = await ask(house, tenant, base, "What is the fee of the south line?")
    assert "1,800" in best


async def test_a_new_version_takes_the_place_of_the_old_one_whole(house: House) -> None:
    tenant = await a_tenant(house.database)
    base = await a_base(house, tenant)
    first = await give(house, tenant, base, "a.md", b"# Library\n\nThe library opens at eight.")
    await read(house, tenant, first)
    second = await give(house, tenant, base, "a.md", b"# Library\n\nThe library opens at seven.")
    assert (second.id, second.version, second.published_version) == (first.id, 2, 1)
    assert await ask(house, tenant, base, "library") == ["The library opens at eight."]
    done = await read(house, tenant, second)
    assert (done.published_version, done.passage_count) == (2, 1)
    assert await ask(house, tenant, base, "library") == ["The library opens at seven."]


async def test_a_version_that_cannot_be_read_leaves_the_one_before(house: House) -> None:
    tenant = await a_tenant(house.database)
    base = await a_base(house, tenant)
    await read(house, tenant, await give(house, tenant, base, "a", documents.HTML))
    broken = await read(house, tenant, await give(house, tenant, base, "a", b"%PDF-1.7 broken"))
    assert broken.state is DocumentState.FAILED and broken.error == "It is damaged, or not a PDF."
    assert broken.published_version == 1
    assert "eight" in (await ask(house, tenant, base, "library"))[0]


async def test_deleting_reaches_bytes_passages_and_words(house: House) -> None:
    tenant = await a_tenant(house.database)
    base = await a_base(house, tenant)
    document = await read(house, tenant, await give(house, tenant, base, "a.csv", documents.CSV))
    async with house.database.tenant(tenant.id) as db:
        await delete_document(db, SYSTEM, base, document.id)
    assert await ask(house, tenant, base, "Asha") == []
    for table in ("document_files", "passages", "document_words", "base_words"):
        assert await rows(house.database, f"select 1 from {table}") == []


async def test_nobody_finds_what_is_in_another_tenants_base(house: House) -> None:
    ours, theirs = await a_tenant(house.database), await a_tenant(house.database, "Other")
    base = await a_base(house, theirs)
    await read(house, theirs, await give(house, theirs, base, "a.csv", documents.CSV))
    assert len(await ask(house, theirs, base, "Asha Rao")) == 1
    assert await ask(house, ours, base, "Asha Rao") == []


async def test_a_reader_that_breaks_off_again_and_again_fails_its_document(house: House) -> None:
    tenant = await a_tenant(house.database)
    base = await a_base(house, tenant)
    document = await give(house, tenant, base, "a.csv", documents.CSV)
    async with house.database.tenant(tenant.id) as db:
        await db.connection.execute(text("update documents set attempts = 3, state = 'reading'"))
    failed = await read(house, tenant, document)
    assert failed.state is DocumentState.FAILED and "broke off" in (failed.error or "")
