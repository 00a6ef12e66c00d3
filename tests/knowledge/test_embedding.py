"""Passages get vectors in the background, whole or not at all, and lose them with their text."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text

from callmissed.dev.faults import Fault
from callmissed.domain.audit import SYSTEM
from callmissed.domain.errors import Kind, Refusal
from callmissed.runtime.embedding import embed_document
from callmissed.services import embedding, ingest
from callmissed.services.documents import delete_document
from tests.jobs.test_jobs import jobs, running_jobs, until
from tests.knowledge.houses import MODEL, OTHER, Setting, a_setting
from tests.stories import rows

SIX = "\n\n".join(f"## Part {number}\n\nThe hall {number} opens early." for number in range(6))


@pytest_asyncio.fixture
async def setting(postgres_url: str, tmp_path: Path) -> AsyncIterator[Setting]:
    async with a_setting(postgres_url, tmp_path) as one:
        yield one


async def test_the_worker_gives_every_passage_a_vector(setting: Setting) -> None:
    document = await setting.give("a.md", SIX)
    assert document.vector_count == 0 and document.passage_count >= 6

    async def is_embedded() -> bool:
        return (await setting.look(document)).vector_count == document.passage_count

    async with running_jobs(setting.house):
        await until(is_embedded)
    assert (await setting.look(document)).embedding_error is None
    asked = setting.sims.ledger.requests("chat.embeddings")
    assert max(len(one.fields["input"]) for one in asked) == 4
    assert {one.fields["model"] for one in asked} == {"small"}


async def test_a_new_version_drops_the_vectors_of_the_old_one(setting: Setting) -> None:
    first = await setting.embed(await setting.give("a.md", SIX))
    assert first.vector_count == first.passage_count
    second = await setting.give("a.md", "## Hall\n\nIt opens late.")
    assert second.vector_count == 0
    assert await rows(setting.house.database, "select 1 from passage_vectors") == []
    # A job of the old version that comes late does nothing.
    await embed_document(setting.house, setting.tenant.id, first.id, first.version)
    assert (await setting.look(first)).vector_count == 0
    assert (await setting.embed(second)).vector_count == second.passage_count


async def test_what_was_asked_before_the_version_went_is_not_kept(setting: Setting) -> None:
    document = await setting.give("a.md", SIX)
    async with setting.house.database.tenant(setting.tenant.id) as db:
        batch = await embedding.take_batch(db, setting.house.vault, document.id, 1)
    assert batch is not None and len(batch.passages) == document.passage_count
    await setting.give("a.md", "## Hall\n\nIt opens late.")
    async with setting.house.database.tenant(setting.tenant.id) as db:
        assert not await embedding.keep_batch(db, batch, ())


async def test_deleting_reaches_vectors(setting: Setting) -> None:
    document = await setting.embed(await setting.give("a.md", SIX))
    async with setting.house.database.tenant(setting.tenant.id) as db:
        await delete_document(db, SYSTEM, setting.base_id, document.id)
    assert await rows(setting.house.database, "select 1 from passage_vectors") == []


async def test_a_model_that_fails_is_noted_and_asked_again(setting: Setting) -> None:
    document = await setting.give("a.md", SIX)
    setting.sims.set_fault(Fault("chat.embeddings", "server_error"))
    with pytest.raises(Refusal) as refused:
        await setting.embed(document)
    assert refused.value.kind is Kind.PROVIDER_UNAVAILABLE
    failed = await setting.look(document)
    assert "500" in (failed.embedding_error or "") and failed.vector_count == 0
    setting.sims.set_fault()
    healed = await setting.embed(document)
    assert (healed.embedding_error, healed.vector_count) == (None, document.passage_count)


async def test_an_answer_that_holds_no_vectors_is_a_failure(setting: Setting) -> None:
    document = await setting.give("a.md", SIX)
    setting.sims.set_fault(Fault("chat.embeddings", "malformed"))
    with pytest.raises(Refusal):
        await setting.embed(document)
    assert (await setting.look(document)).vector_count == 0


async def test_another_model_embeds_anew_and_none_forgets(setting: Setting) -> None:
    document = await setting.embed(await setting.give("a.md", SIX))
    async with setting.house.database.tenant(setting.tenant.id) as db:
        await embedding.set_model(db, SYSTEM, setting.base_id, OTHER)
    assert (await setting.look(document)).vector_count == 0
    await setting.embed(document)
    kept = await rows(
        setting.house.database, "select distinct model, length(signs) from passage_vectors"
    )
    assert [tuple(one) for one in kept] == [(OTHER, 64)]
    async with setting.house.database.tenant(setting.tenant.id) as db:
        await embedding.set_model(db, SYSTEM, setting.base_id, None)
    assert await rows(setting.house.database, "select 1 from passage_vectors") == []
    assert (await setting.embed(document)).vector_count == 0


async def test_what_was_left_lying_is_taken_up_again(setting: Setting) -> None:
    house = setting.house
    document = await setting.give("a.md", SIX)
    async with house.database.tenant(setting.tenant.id) as db:
        await embedding.note_failure(db, document.id, 1, "It failed.")
    waiting = [await _left_after(setting, age) for age in ("30 s", "50 min", "61 min")]
    async with house.database.tenant(setting.tenant.id) as db:
        await db.connection.execute(text("update documents set embedding_error = null"))
    waiting += [await _left_after(setting, age) for age in ("30 s", "61 s")]
    assert waiting == [0, 0, 1, 0, 1]


async def _left_after(setting: Setting, age: str) -> int:
    """How many jobs are left by the sweep for documents of that age, where none waited."""
    async with setting.house.database.system() as db:
        await db.connection.execute(text("reset role"))
        await db.connection.execute(text("set local search_path = jobs"))
        await db.connection.execute(text("delete from jobs.procrastinate_jobs"))
    async with setting.house.database.system() as db:
        aged = text("update documents set updated_at = now() - cast(:age as interval)")
        await db.connection.execute(aged, {"age": age})
        await ingest.resume_embeddings(db)
    return len(await jobs(setting.house, "embed_document"))


async def test_a_model_without_a_key_is_named(postgres_url: str, tmp_path: Path) -> None:
    listed = "openrouter/openai/text-embedding-3-small"
    async with a_setting(postgres_url, tmp_path, listed) as setting:
        document = await setting.embed(await setting.give("a.md", SIX))
        assert document.embedding_error == f"{listed} cannot be reached: no key."
        async with setting.house.database.tenant(setting.tenant.id) as db:
            with pytest.raises(Refusal) as refused:
                await embedding.check_model(db, setting.house.vault, listed)
            await embedding.check_model(db, setting.house.vault, MODEL)
        assert refused.value.kind is Kind.MODEL_NOT_AVAILABLE and MODEL in refused.value.hint
