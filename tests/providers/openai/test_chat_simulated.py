"""Every language model of the catalogue, asked of a simulator of its vendor."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from livekit.agents import APIConnectOptions, APIStatusError, llm

from callmissed.dev.faults import Fault
from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.scenario import SWIFT, Call, Scenario
from callmissed.domain.models import Access, Model, Service
from callmissed.domain.usage import Measure
from callmissed.providers.catalog import Catalog, load_catalog
from callmissed.providers.openai.chat import ChatLLM
from callmissed.providers.openai.chat_errors import NoAnswerError, RateLimitedError
from callmissed.providers.verifying import Verdict, verify_key
from tests.providers.openai.asking import Meter, context_of, hear

CATALOG = load_catalog()
REMOTE = [model for model in CATALOG.of(Service.LLM) if model.provider != "local"]
REPLY = "हम सुबह 9 बजे खुलते हैं, and we close at 6 p.m. 😀"
MIND = replace(SWIFT.mind, reply=REPLY, cached_tokens=7)


@pytest_asyncio.fixture(scope="module")
async def running() -> AsyncIterator[Providers]:
    async with running_providers() as providers:
        yield providers


@pytest.fixture
def vendors(running: Providers) -> Providers:
    """The simulators, in good health, with an empty ledger."""
    running.set_fault()
    running.scenario = replace(SWIFT, mind=MIND)
    running.ledger.clear()
    return running


def access_of(
    model: Model, vendors: Providers, key: str = "key-1", catalog: Catalog = CATALOG
) -> Access:
    provider = catalog.providers[model.provider]
    vendor = provider.name if provider.name in CATALOG.providers else "vllm"
    return Access(replace(provider, base_url=vendors.url(vendor)), key)


def engine(
    model: Model, vendors: Providers, session: aiohttp.ClientSession, meter: Meter | None = None
) -> ChatLLM:
    return ChatLLM(model, access_of(model, vendors), session=session, meter=meter or Meter())


def delivered(vendors: Providers) -> dict[Measure, int]:
    """What the simulators say."""
    measures = (Measure.INPUT_TOKENS, Measure.CACHED_INPUT_TOKENS, Measure.OUTPUT_TOKENS)
    return {measure: vendors.ledger.total(measure.value) for measure in measures}


def counted(meter: Meter) -> dict[Measure, int]:
    return {measure: meter.amount(measure) for measure in delivered_measures()}


def delivered_measures() -> tuple[Measure, ...]:
    return (Measure.INPUT_TOKENS, Measure.CACHED_INPUT_TOKENS, Measure.OUTPUT_TOKENS)


@pytest.mark.parametrize("model", REMOTE, ids=lambda model: model.id)
async def test_a_model_answers_and_nothing_but_its_answer_is_said(
    model: Model, vendors: Providers, session: aiohttp.ClientSession
) -> None:
    meter = Meter()
    heard = await hear(engine(model, vendors, session, meter))
    assert (heard.words, heard.error) == (REPLY, None)
    assert counted(meter) == delivered(vendors)
    assert meter.amount(Measure.CACHED_INPUT_TOKENS) == 7
    assert not any(usage.is_estimate for usage in meter.usages)
    assert {usage.served_by for usage in meter.usages} == {model.upstream}
    (request,) = vendors.ledger.requests()
    assert (request.key, request.model, request.outcome) == ("key-1", model.upstream, "finished")


@pytest.mark.parametrize("model", REMOTE, ids=lambda model: model.id)
async def test_usage_is_counted_where_the_stream_tells_none(
    model: Model, vendors: Providers, session: aiohttp.ClientSession
) -> None:
    vendors.scenario = replace(SWIFT, mind=replace(MIND, tells_usage=False, cached_tokens=0))
    meter = Meter()
    heard = await hear(engine(model, vendors, session, meter))
    assert (heard.words, heard.error) == (REPLY, None)
    assert all(usage.is_estimate for usage in meter.usages)
    assert counted(meter) == delivered(vendors)


async def test_the_model_that_really_answered_is_the_one_that_is_billed(
    vendors: Providers, session: aiohttp.ClientSession
) -> None:
    vendors.scenario = replace(SWIFT, mind=replace(MIND, served_by="vendor/cheaper"))
    model = CATALOG.find(Service.LLM, "openrouter/auto")
    assert model is not None
    meter = Meter()
    await hear(engine(model, vendors, session, meter))
    assert {usage.served_by for usage in meter.usages} == {"vendor/cheaper"}


@pytest.mark.parametrize("model_id", ["openrouter/openai/gpt-oss-120b", "openai/gpt-oss-120b"])
async def test_openrouter_is_asked_by_both_forms_of_an_id(
    model_id: str, vendors: Providers, session: aiohttp.ClientSession
) -> None:
    model = CATALOG.find(Service.LLM, model_id)
    assert model is not None
    heard = await hear(engine(model, vendors, session))
    assert (heard.words, heard.error) == (REPLY, None)
    (request,) = vendors.ledger.requests("openrouter.chat")
    assert request.model == "openai/gpt-oss-120b"


async def test_a_stanza_of_ones_own_is_all_that_a_model_takes(
    vendors: Providers, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    own = tmp_path / "catalog.toml"
    own.write_text(
        """
        [[providers]]
        name = "mine"
        wire = "openai"
        base_url = "http://127.0.0.1:8000/v1"
        needs_key = false

        [[models]]
        id = "mine/thinker"
        service = "llm"
        provider = "mine"
        upstream = "a-thinking-model"
        status = "available"
        """
    )
    catalog = load_catalog(own)
    model = catalog.find(Service.LLM, "mine/thinker")
    assert model is not None
    access = access_of(model, vendors, "", catalog)
    heard = await hear(ChatLLM(model, access, session=session, meter=Meter()))
    assert (heard.words, heard.error) == (REPLY, None)


@llm.function_tool
async def find_hours(day: str) -> str:
    """Tells the opening hours of a day."""
    return day


@llm.function_tool
async def book(day: str, name: str) -> str:
    """Books an appointment."""
    return f"{day} {name}"


@pytest.mark.parametrize("model", REMOTE, ids=lambda model: model.id)
async def test_tools_are_called_and_their_results_read(
    model: Model, vendors: Providers, session: aiohttp.ClientSession
) -> None:
    calls = (
        Call("find_hours", {"day": "सोमवार"}),
        Call("book", {"day": "Monday", "name": "आशा"}),
    )
    vendors.scenario = replace(SWIFT, mind=replace(MIND, calls=calls))
    meter, context = Meter(), context_of()
    tools: list[llm.Tool] = [find_hours, book]
    heard = await hear(engine(model, vendors, session, meter), context, tools)
    assert heard.error is None
    assert [one.name for one in heard.calls] == ["find_hours", "book"]
    assert [one.arguments for one in heard.calls] == [
        '{"day": "सोमवार"}',
        '{"day": "Monday", "name": "आशा"}',
    ]
    for one in heard.calls:
        context.items.append(
            llm.FunctionCall(call_id=one.call_id, name=one.name, arguments=one.arguments)
        )
        context.items.append(
            llm.FunctionCallOutput(
                call_id=one.call_id, name=one.name, output="done", is_error=False
            )
        )
    for offered in (tools, []):
        heard = await hear(engine(model, vendors, session, meter), context, offered)
        assert (heard.words, heard.calls, heard.error) == (REPLY, [], None)
    assert counted(meter) == delivered(vendors)


@pytest.mark.parametrize("model", REMOTE, ids=lambda model: model.id)
async def test_a_refusal_says_why(
    model: Model, vendors: Providers, session: aiohttp.ClientSession
) -> None:
    async def refused(*faults: Fault, key: str = "key-1") -> Exception | None:
        vendors.set_fault(*faults)
        access = access_of(model, vendors, key)
        return (await hear(ChatLLM(model, access, session=session, meter=Meter()))).error

    bad_key = await refused(key="bad-key")
    assert isinstance(bad_key, APIStatusError)
    assert bad_key.status_code in (401, 403)
    assert not bad_key.retryable
    rate = await refused(Fault("*", "rate_limit", retry_after_s=7))
    assert isinstance(rate, RateLimitedError)
    assert (rate.retry_after_s, rate.retryable) == (7, True)
    if model.provider != "openrouter":
        quota = await refused(Fault("*", "quota"))
        assert isinstance(quota, APIStatusError)
        assert not isinstance(quota, RateLimitedError)
        assert not quota.retryable
    failed = await refused(Fault("*", "server_error", status=503))
    assert isinstance(failed, APIStatusError)
    assert failed.retryable
    for silent in ("reasoning_only", "empty"):
        assert isinstance(await refused(Fault("*", silent)), NoAnswerError)


@pytest.mark.parametrize("model", REMOTE, ids=lambda model: model.id)
async def test_an_answer_that_is_left_is_left_at_the_vendor_too(
    model: Model, vendors: Providers, session: aiohttp.ClientSession
) -> None:
    slow = replace(MIND, token_ms=20, reply=REPLY * 20)
    vendors.scenario = Scenario(mind=slow)
    meter = Meter()
    stream = engine(model, vendors, session, meter).chat(
        chat_ctx=context_of(), conn_options=APIConnectOptions(max_retry=0)
    )
    async with asyncio.timeout(20):
        for _ in range(3):
            await anext(stream)
        await stream.aclose()
        (request,) = vendors.ledger.requests()
        while request.outcome == "open":
            await asyncio.sleep(0.01)
    assert request.outcome == "left"
    assert meter.amount(Measure.INPUT_TOKENS) == request.amounts["input_tokens"]
    assert 3 <= meter.amount(Measure.OUTPUT_TOKENS) <= request.amounts["output_tokens"] < 100


@pytest.mark.parametrize("name", ["clarifai", "openrouter", "moonshot", "sarvam", "vllm"])
async def test_keys_are_verified_with_each_vendor(
    name: str, vendors: Providers, session: aiohttp.ClientSession
) -> None:
    provider = replace(CATALOG.providers[name], base_url=vendors.url(name))
    assert await verify_key(session, Access(provider, "key-1")) is Verdict.ACCEPTED
    if provider.needs_key:
        assert await verify_key(session, Access(provider, "bad-key")) is Verdict.REFUSED
    vendors.set_fault(Fault(name, "rate_limit"))
    assert await verify_key(session, Access(provider, "key-1")) is Verdict.LIMITED
    vendors.set_fault(Fault(name, "refuse"))
    assert await verify_key(session, Access(provider, "key-1")) is Verdict.UNREACHABLE
