"""A call's language models are made by what the catalogue says of their provider."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from callmissed.domain.models import Access, Model, Provider, Route, Service
from callmissed.providers import Warm, builders
from callmissed.providers.catalog import load_catalog
from callmissed.providers.openai.chat import ChatLLM
from tests.providers.openai.asking import Meter, hear
from tests.providers.openai.chat_server import answering, running_server

CATALOG = load_catalog()
REMOTE = [model for model in CATALOG.of(Service.LLM) if model.provider != "local"]


@pytest_asyncio.fixture
async def warm() -> AsyncIterator[Warm]:
    shared = Warm()
    yield shared
    await shared.aclose()


def parts_of(model: Model, warm: Warm) -> builders.Parts:
    stt, tts = CATALOG.of(Service.STT)[0], CATALOG.of(Service.TTS)[0]
    route = Route(stt, model, tts, "shubh", "en-IN", "en-IN")
    return builders.Parts(route, warm, (), Meter())


@pytest.mark.parametrize("model", REMOTE, ids=lambda model: model.id)
async def test_every_listed_model_asks_its_provider(model: Model, warm: Warm) -> None:
    async with running_server(answering("At nine.")) as server:
        wire = CATALOG.providers[model.provider].wire
        access = Access(Provider(model.provider, wire, base_url=server.url), "key-1")
        built = builders.build_llm(model, access, parts_of(model, warm))
        assert isinstance(built, ChatLLM)
        assert (built.model, built.provider) == (model.id, model.provider)
        heard = await hear(built)
        assert (heard.words, heard.error) == ("At nine.", None)
        assert server.requests[0].body["model"] == model.upstream


async def test_a_customers_url_is_reached_by_guarded_connections_only(warm: Warm) -> None:
    async with running_server(answering("At nine.")) as server:
        provider = Provider("openrouter", "openai", base_url=server.url)
        access = Access(provider, "key-1", owner="tenant", is_customers_url=True)
        model = REMOTE[0]
        built = builders.build_llm(model, access, parts_of(model, warm))
        assert isinstance(built, ChatLLM)
        heard = await hear(built)
        assert heard.error is not None
        assert server.connections == 0
