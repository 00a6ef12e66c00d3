"""Every model of the catalogue serves a call, built as a call builds it, against its simulator; and
so does every stanza that an operator adds.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from livekit import rtc
from livekit.agents import llm, stt

from callmissed.dev.providers import PATHS, Providers, running_providers
from callmissed.dev.scenario import SWIFT
from callmissed.dev.tones import decode, encode
from callmissed.domain.models import Access, Model, ModelStatus, Route, Service
from callmissed.domain.usage import Usage
from callmissed.providers import Models, Warm, build_models
from callmissed.providers.catalog import Catalog, load_catalog, parse_catalog

GUIDE = Path(__file__).resolve().parents[2] / "docs/guides/providers.md"
SHIPPED = (files("callmissed.providers") / "catalog.toml").read_text("utf-8")
STANZAS: list[str] = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
LISTED = load_catalog()
OWN = parse_catalog(SHIPPED, STANZAS[-1], name="own.toml")
# Who stands for a provider that only the guide has.
STAND_IN = {"speech": "audio"}
WORDS = "book the doctor"
RATE_HZ = 16_000


class Kept:
    def __init__(self) -> None:
        self.usages: list[Usage] = []

    def add(self, usage: Usage) -> None:
        self.usages.append(usage)


def of_vendors(catalog: Catalog) -> list[Model]:
    return [
        model
        for model in catalog.models
        if model.provider != "local"
        and model.status is not ModelStatus.MAINTENANCE
        and model.service is not Service.EMBEDDING
    ]


@pytest_asyncio.fixture
async def sims() -> AsyncIterator[Providers]:
    async with running_providers(SWIFT) as running:
        yield running


@pytest_asyncio.fixture
async def warm() -> AsyncIterator[Warm]:
    shared = Warm()
    yield shared
    await shared.aclose()


def built(catalog: Catalog, model: Model, sims: Providers, warm: Warm, meter: Kept) -> Models:
    """The model in its place of a route, vendors' models in the others."""
    stands = {Service.STT: "saaras:v3", Service.LLM: "kimi-k2.5", Service.TTS: "bulbul:v3"}
    chosen = {service: catalog.find(service, model_id) for service, model_id in stands.items()}
    chosen[model.service] = model
    hearing, thinking, speaking = (chosen[service] for service in stands)
    assert hearing is not None and thinking is not None and speaking is not None
    voice = speaking.usual_voice("en-IN")
    route = Route(hearing, thinking, speaking, voice, "en-IN", "en-IN")
    access = {
        name: Access(replace(provider, base_url=sims.url(STAND_IN.get(name, name))), "key-1")
        for name, provider in catalog.providers.items()
        if STAND_IN.get(name, name) in PATHS
    }
    return build_models(route, access, warm, meter=meter)


async def serve(catalog: Catalog, model: Model, sims: Providers, warm: Warm) -> Kept:
    meter = Kept()
    models = built(catalog, model, sims, warm, meter)
    match model.service:
        case Service.STT:
            await _hear(models)
        case Service.LLM:
            await _think(models)
        case Service.TTS:
            await _speak(models)
        case Service.EMBEDDING:
            raise AssertionError("no call speaks with it: see test_embeddings.py")
    return meter


async def _hear(models: Models) -> None:
    engine = models.stt[0].engine
    async with engine.stream() as stream:
        sound = np.concatenate([encode(WORDS, RATE_HZ), np.zeros(RATE_HZ, np.int16)])
        for start in range(0, len(sound), RATE_HZ // 20):
            part = sound[start : start + RATE_HZ // 20]
            stream.push_frame(rtc.AudioFrame(part.tobytes(), RATE_HZ, 1, len(part)))
        stream.flush()
        async for event in stream:
            if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
                assert event.alternatives[0].text == WORDS
                break
    await engine.aclose()


async def _think(models: Models) -> None:
    context = llm.ChatContext.empty()
    context.add_message(role="user", content="When do you open?")
    said = ""
    async with models.llm[0].engine.chat(chat_ctx=context) as stream:
        async for chunk in stream:
            said += (chunk.delta.content or "") if chunk.delta else ""
    assert said


async def _speak(models: Models) -> None:
    engine = models.tts[0].engine
    frames = []
    async with engine.synthesize(WORDS) as stream:
        async for event in stream:
            frames.append(np.frombuffer(event.frame.data, np.int16))
    words = decode(np.concatenate(frames), engine.sample_rate)
    assert [word.word for word in words] == WORDS.split()
    await engine.aclose()


@pytest.mark.parametrize("model", of_vendors(LISTED), ids=lambda model: f"{model.id}")
async def test_a_listed_model_serves_a_call(model: Model, sims: Providers, warm: Warm) -> None:
    meter = await serve(LISTED, model, sims, warm)
    assert {usage.model_id for usage in meter.usages} == {model.id}


@pytest.mark.parametrize(
    "model",
    [model for model in of_vendors(OWN) if LISTED.find(model.service, model.id) is None],
    ids=lambda model: f"{model.id}",
)
async def test_an_operator_s_stanza_serves_a_call(
    model: Model, sims: Providers, warm: Warm
) -> None:
    meter = await serve(OWN, model, sims, warm)
    assert {usage.model_id for usage in meter.usages} == {model.id}


async def test_a_model_of_a_family_serves_a_call(sims: Providers, warm: Warm) -> None:
    model = LISTED.find(Service.LLM, "a-vendor/a-model:free")
    assert model is not None
    await serve(LISTED, model, sims, warm)
    (request,) = sims.ledger.requests("openrouter")
    assert request.model == "a-vendor/a-model:free"


async def test_a_provider_whose_key_is_gone_is_stepped_over(warm: Warm) -> None:
    hearing, thinking, speaking = (
        LISTED.find(service, LISTED.defaults[service])
        for service in (Service.STT, Service.LLM, Service.TTS)
    )
    spare = LISTED.find(Service.LLM, "moonshot/kimi-k2.5")
    assert hearing and thinking and speaking and spare
    route = Route(hearing, thinking, speaking, "shubh", "en-IN", "en-IN", spare_llm=(spare,))
    access = {name: Access(LISTED.providers[name], "key-1") for name in ("sarvam", "moonshot")}
    assert [one.model.id for one in build_models(route, access, warm).llm] == [spare.id]
    with pytest.raises(LookupError, match="clarifai"):
        build_models(replace(route, spare_llm=()), access, warm)


@pytest.mark.parametrize("block", STANZAS)
def test_what_the_guide_shows_is_a_catalogue(block: str) -> None:
    parse_catalog(SHIPPED, block, name="the guide")
