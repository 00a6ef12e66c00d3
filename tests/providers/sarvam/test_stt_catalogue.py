"""Every Sarvam recogniser of the catalogue, built as a call builds it, against the simulator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from livekit.agents import stt

from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.scenario import SWIFT
from callmissed.dev.tones import encode
from callmissed.domain.models import Access, Model, Route, Service
from callmissed.providers import Warm
from callmissed.providers.builders import Parts, build_stt
from callmissed.providers.catalog import load_catalog
from callmissed.providers.sarvam.stt_languages import HEARD
from tests.providers.sarvam.loopback import RATE_HZ, Counted, next_of, push

CATALOG = load_catalog()
LISTED = [model for model in CATALOG.of(Service.STT) if model.provider == "sarvam"]
BY_ID = {model.id: model for model in LISTED}


@asynccontextmanager
async def engine_of(
    model: Model, sims: Providers, meter: Counted, language: str = "en-IN"
) -> AsyncIterator[stt.STT[Any]]:
    provider = replace(CATALOG.providers[model.provider], base_url=sims.sarvam_url)
    any_model = CATALOG.of(Service.LLM)[0]
    route = Route(model, any_model, any_model, "", language, language)
    warm = Warm()
    engine = build_stt(model, Access(provider, "key-1"), Parts(route, warm, (), meter))
    try:
        yield engine
    finally:
        await engine.aclose()
        await warm.aclose()


async def hear(engine: stt.STT[Any], text: str) -> stt.SpeechData:
    async with engine.stream() as stream:
        push(stream, encode(text, RATE_HZ))
        stream.flush()
        return await next_of(stream, stt.SpeechEventType.FINAL_TRANSCRIPT)


@pytest.mark.parametrize("model", LISTED, ids=lambda model: model.id)
async def test_a_listed_recogniser_hears_and_counts(model: Model) -> None:
    meter = Counted()
    async with running_providers(SWIFT) as sims, engine_of(model, sims, meter) as engine:
        data = await hear(engine, "book the doctor")
        (request,) = sims.ledger.requests("sarvam")
    assert (data.text, data.language) == ("book the doctor", "en-IN")
    assert request.place == "sarvam.realtime"
    assert request.key == "key-1"
    assert meter.sound_ms == request.amounts["audio_ms"] == 600
    assert {usage.model_id for usage in meter.usages} == {model.id}


@pytest.mark.parametrize("socket", ["realtime", "classic"])
async def test_every_listed_language_is_accepted_by_the_server(socket: str) -> None:
    model = BY_ID["saaras:v3"]
    given = replace(model, options={"sockets": [socket], "may_change": False})
    assert {language for language in model.languages if language.split("-")[0] != "od"} <= HEARD
    async with running_providers(SWIFT) as sims:
        for language in model.languages:
            async with engine_of(given, sims, Counted(), language) as engine:
                heard = await hear(engine, "one two")
            assert heard.language in (language, {"od-IN": "or-IN"}.get(language))


async def test_a_stanza_more_is_a_recogniser_more() -> None:
    model = replace(
        BY_ID["saaras:v3"],
        id="house/hindi",
        options={"sockets": ["classic"], "mode": "verbatim", "may_change": False},
    )
    meter = Counted()
    async with running_providers(SWIFT) as sims, engine_of(model, sims, meter, "hi") as engine:
        data = await hear(engine, "समय क्या")
        (request,) = sims.ledger.requests("sarvam")
    assert (data.text, data.language) == ("समय क्या", "hi-IN")
    assert request.fields["mode"] == "verbatim"
    assert request.fields["language-code"] == "hi-IN"
    assert {usage.model_id for usage in meter.usages} == {"house/hindi"}
