"""Every embedding model of the catalogue gives directions, and what is none of them is an error."""

from collections.abc import AsyncIterator
from dataclasses import replace
from importlib.resources import files

import pytest
import pytest_asyncio
from aiohttp import web

from callmissed.dev.faults import Fault
from callmissed.dev.providers import Providers, running_providers
from callmissed.domain.models import Access, Model, Service
from callmissed.providers.catalog import CatalogError, load_catalog, parse_catalog
from callmissed.providers.connections import Connections
from callmissed.providers.openai.embeddings import Embedder, EmbeddingError
from tests.tools.servers import tool_server

LISTED = load_catalog()
SHIPPED = (files("callmissed.providers") / "catalog.toml").read_text("utf-8")
STANZA = """
[[models]]
id = "ollama/nomic-embed-text"
service = "embedding"
provider = "ollama"
upstream = "nomic-embed-text"
options = { question_prefix = "search_query: ", passage_prefix = "search_document: " }
"""


@pytest_asyncio.fixture
async def sims() -> AsyncIterator[Providers]:
    async with running_providers() as running:
        yield running


@pytest_asyncio.fixture
async def connections() -> AsyncIterator[Connections]:
    one = Connections()
    yield one
    await one.aclose()


def an_embedder(model: Model, url: str, connections: Connections) -> Embedder:
    provider = replace(LISTED.providers[model.provider], base_url=url)
    return Embedder(model, Access(provider, "key-1"), connections.session())


@pytest.mark.parametrize("model", LISTED.of(Service.EMBEDDING), ids=lambda model: f"{model.id}")
async def test_a_listed_model_embeds(
    model: Model, sims: Providers, connections: Connections
) -> None:
    embedder = an_embedder(model, sims.url(model.provider), connections)
    texts = ["The hall opens early.", "An MRI costs 6,500 rupees."]
    passages = await embedder.embed_passages(texts)
    question = (await embedder.embed_question("what does an MRI cost")).directions[0]
    packed = [one.packed for one in passages.directions]
    hall, price = question.similarities(packed)
    assert price > 0.2 > hall and passages.token_count > 0


async def test_a_model_is_told_what_is_a_question(
    sims: Providers, connections: Connections
) -> None:
    model = parse_catalog(SHIPPED, STANZA).find(Service.EMBEDDING, "ollama/nomic-embed-text")
    assert model is not None
    embedder = an_embedder(model, sims.url("ollama"), connections)
    await embedder.embed_question("when")
    await embedder.embed_passages(["then"])
    asked = [one.fields["input"] for one in sims.ledger.requests("ollama.embeddings")]
    assert asked == [["search_query: when"], ["search_document: then"]]


@pytest.mark.parametrize(
    ("kind", "is_passing"),
    [("rate_limit", True), ("server_error", True), ("malformed", True), ("fin", True)],
)
async def test_a_failure_is_told(
    sims: Providers, connections: Connections, kind: str, is_passing: bool
) -> None:
    model = LISTED.of(Service.EMBEDDING)[0]
    sims.set_fault(Fault("openrouter.embeddings", kind))  # type: ignore[arg-type]
    with pytest.raises(EmbeddingError) as failed:
        await an_embedder(model, sims.openrouter_url, connections).embed_question("when")
    assert failed.value.is_passing is is_passing


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": []},
        {"data": [{"index": 0, "embedding": []}]},
        {"data": [{"index": 1, "embedding": [1.0] * 8}]},
        {"data": [{"index": 0, "embedding": [0.0] * 8}]},
        {"data": [{"index": 0, "embedding": [1e39] * 8}]},
        {"data": [{"index": 0, "embedding": ["a"] * 8}]},
        {"data": [{"index": 0, "embedding": [1.0] * 9000}]},
        {"data": "none"},
        [],
    ],
)
async def test_what_holds_no_direction_is_an_error(
    connections: Connections, answer: object
) -> None:
    model = LISTED.of(Service.EMBEDDING)[0]
    async with tool_server() as server:
        server.answers["/embeddings"] = web.json_response(answer)
        with pytest.raises(EmbeddingError, match="holds no embeddings"):
            await an_embedder(model, server.url, connections).embed_question("when")


def test_a_stanza_that_cannot_work_is_named() -> None:
    for wrong in ("batch = 0", "batch = 10000", "dimension = 3", "path = 1"):
        stanza = STANZA.replace('question_prefix = "search_query: "', wrong)
        with pytest.raises(CatalogError, match="nomic-embed-text"):
            parse_catalog(SHIPPED, stanza)
    with pytest.raises(CatalogError, match="wire openai only"):
        parse_catalog(SHIPPED, STANZA.replace('"ollama"', '"sarvam"'))
