"""Passages are found by what they mean, fused with those found by words, and never later than in time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from callmissed.dev.embeddings import embed
from callmissed.dev.faults import Fault
from callmissed.domain.audit import SYSTEM
from callmissed.domain.fusion import fuse
from callmissed.domain.knowledge import Found, Passage, Retrieval, Semantics
from callmissed.domain.models import Service
from callmissed.kit.directions import read_direction
from callmissed.runtime.chat import ChatAnswered, run_chat
from callmissed.runtime.library import Library
from callmissed.runtime.wire import Start, decode_to_child, encode_to_child
from callmissed.services import embedding
from callmissed.services.call_knowledge import open_knowledge
from tests.knowledge.houses import MODEL, Setting, a_setting
from tests.stories import a_model, a_tenant
from tests.voice.fakes import ROUTE
from tests.voice.running import terms

# Their words have parts in common with the question's, and no word.
REFUNDS = """## Money back

Reimbursements reach the account within ten working days.

## Car park

Vehicles stand behind the east wing.
"""
QUESTION = "when am I reimbursed"


@pytest_asyncio.fixture
async def setting(postgres_url: str, tmp_path: Path) -> AsyncIterator[Setting]:
    async with a_setting(postgres_url, tmp_path) as one:
        yield one


@asynccontextmanager
async def a_library(setting: Setting, within_s: float = 5.0) -> AsyncIterator[Library]:
    house = setting.house
    library = Library(house.settings.database_url, lambda: house.connections, within_s=within_s)
    yield library
    await library.aclose()


async def semantics_of(setting: Setting) -> tuple[Semantics, ...]:
    async with setting.house.database.tenant(setting.tenant.id) as db:
        return await embedding.open_semantics(
            db, setting.house.vault, setting.tenant.id, [setting.base_id]
        )


async def ask(setting: Setting, library: Library, question: str = QUESTION) -> Retrieval:
    semantics = await semantics_of(setting)
    return await library.search(setting.tenant.id, [setting.base_id], question, (), 4, semantics)


async def test_a_passage_without_a_word_of_the_question_is_found(setting: Setting) -> None:
    await setting.embed(await setting.give("a.md", REFUNDS))
    async with a_library(setting) as library:
        answer = await ask(setting, library)
        assert "within ten working days" in answer.found[0].passage.text
        assert (answer.found[0].similarity or 0) > 0.1
        assert (answer.missed, answer.partly_missed) == (None, None)
        (usage,) = answer.usage
        assert (usage.service, usage.model_id, usage.is_estimate) == ("embedding", MODEL, False)
        # The guess and the question are one request.
        assert (await ask(setting, library)).usage == ()
    asked = [one.fields["input"] for one in setting.sims.ledger.requests("chat.embeddings")]
    assert asked.count([QUESTION]) == 1


async def test_a_slow_model_costs_no_more_than_the_deadline(setting: Setting) -> None:
    await setting.embed(await setting.give("a.md", REFUNDS))
    setting.sims.set_fault(Fault("chat.embeddings", "hang"))
    async with a_library(setting, within_s=1.5) as library:
        answer = await ask(setting, library, "where do vehicles stand")
    assert "east wing" in answer.found[0].passage.text
    assert (answer.missed, answer.partly_missed) == (None, "meaning_not_in_time")


async def test_a_model_that_fails_is_left_alone(setting: Setting) -> None:
    await setting.embed(await setting.give("a.md", REFUNDS))
    setting.sims.set_fault(Fault("chat.embeddings", "server_error"))
    before = len(setting.sims.ledger.requests("chat.embeddings"))
    async with a_library(setting) as library:
        for number in range(6):
            answer = await ask(setting, library, f"where do vehicles stand {number}")
            assert "east wing" in answer.found[0].passage.text
            assert answer.partly_missed == "meaning_not_reached"
    assert len(setting.sims.ledger.requests("chat.embeddings")) == before + 3


async def test_nobody_finds_by_meaning_what_is_another_tenants(setting: Setting) -> None:
    await setting.embed(await setting.give("a.md", REFUNDS))
    stranger = await a_tenant(setting.house.database, "Other")
    semantics = await semantics_of(setting)
    async with a_library(setting) as library:
        answer = await library.search(stranger.id, [setting.base_id], QUESTION, (), 4, semantics)
    assert (answer.found, answer.missed, answer.partly_missed) == ((), None, None)
    async with setting.house.database.tenant(stranger.id) as db:
        vault = setting.house.vault
        assert await embedding.open_semantics(db, vault, stranger.id, [setting.base_id]) == ()


async def test_a_search_shows_what_a_call_would_find(setting: Setting) -> None:
    await setting.embed(await setting.give("a.md", REFUNDS))
    found = await setting.house.searcher.search(setting.tenant.id, setting.base_id, QUESTION, (), 5)
    assert "ten working days" in found.found[0].passage.text and found.found[0].similarity
    setting.sims.set_fault(Fault("chat.embeddings", "server_error"))
    other = await setting.house.searcher.search(
        setting.tenant.id, setting.base_id, "vehicles", (), 5
    )
    assert other.found[0].similarity is None and other.found[0].why == ("vehicl",)
    assert other.partly_missed == "meaning_not_reached"


async def test_a_call_takes_along_only_what_its_prompt_holds(setting: Setting) -> None:
    await setting.give("a.md", REFUNDS)
    vault, tenant_id, bases = setting.house.vault, setting.tenant.id, [setting.base_id]
    async with setting.house.database.tenant(tenant_id) as db:
        small = await open_knowledge(db, vault, tenant_id, bases)
    assert len(small.passages) == 2 and not small.base_ids and not small.semantics
    await setting.give("b.md", "\n\n".join(f"## Part {n}\n\n{'word ' * 50}" for n in range(30)))
    async with setting.house.database.tenant(tenant_id) as db:
        large = await open_knowledge(db, vault, tenant_id, bases)
        await embedding.set_model(db, SYSTEM, setting.base_id, None)
        without = await open_knowledge(db, vault, tenant_id, bases)
    assert not large.passages and large.base_ids == (setting.base_id,)
    assert [one.base_ids for one in large.semantics] == [(setting.base_id,)]
    assert len(without.passages) > 20 and not without.semantics


async def test_an_answer_names_what_was_found_by_meaning(setting: Setting) -> None:
    await setting.embed(await setting.give("a.md", REFUNDS))
    route = replace(ROUTE, llm=a_model(Service.LLM, "local/answerer"))
    known = {"library_base_ids": (setting.base_id,), "semantics": await semantics_of(setting)}
    asked = terms(tenant_id=setting.tenant.id, route=route, **known)
    # As it goes to a call process.
    start = decode_to_child(encode_to_child(Start(Path("/x.journal"), asked)))
    assert isinstance(start, Start) and start.terms.semantics == asked.semantics
    async with a_library(setting) as library:
        answering = run_chat(start.terms, QUESTION, setting.house.warm, library)
        parts = [part async for part in answering]
    answer = parts[-1]
    assert isinstance(answer, ChatAnswered)
    assert answer.sources[0].document == "a.md" and "retrieval" not in answer.trace
    assert [(one.service, one.model_id) for one in answer.usage] == [("embedding", MODEL)]


def test_two_lists_become_one() -> None:
    def found(text: str, similarity: float | None = None, score: float = 9.0) -> Found:
        return Found(Passage("a", "", text), score, similarity=similarity)

    words = [found("x"), found("y"), found("rows one\nrows two")]
    meaning = [found("z", 0.9), found("y", 0.8), found("rows two", 0.7), found("rows one", 0.6)]
    fused = fuse(words, [meaning])
    assert [one.passage.text for one in fused] == ["y", "rows one\nrows two", "x", "z"]
    assert [one.similarity for one in fused] == [0.8, 0.7, None, 0.9]
    assert fuse(words, []) == words and fuse(words, [[]]) == words
    row = Found(Passage("b.csv", "", "MRI: 6,500", record={"Test": "MRI"}), 9.0)
    assert [one.passage.text for one in fuse([row, *words], [meaning])][:2] == ["MRI: 6,500", "y"]


def test_the_signs_lead_to_what_is_alike() -> None:
    one, near, far = (
        read_direction(embed(text).tolist())
        for text in ("the refund of a ticket", "refunds for tickets", "parking at night")
    )

    def differing(other: str) -> int:
        return sum(a != b for a, b in zip(one.signs, other, strict=True))

    assert differing(near.signs) < differing(far.signs)
    like, unlike = one.similarities([near.packed, far.packed])
    assert like > 0.3 > 0.1 > unlike and abs(one.similarities([one.packed])[0] - 1) < 0.01
