"""However and wherever a vendor fails in the middle of an answer, what was heard is a part of it, the
failure is an error, and what was used is counted. 300 failures at bytes that a seed decides.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import cycle, islice
from typing import get_args

import aiohttp
import pytest
import pytest_asyncio
from livekit.agents import APIError

from callmissed.dev.faults import Fault, Kind
from callmissed.dev.providers import Providers, running_providers
from callmissed.dev.scenario import SWIFT
from callmissed.domain.models import Access, Model, Service
from callmissed.domain.usage import Measure
from callmissed.providers.catalog import load_catalog
from callmissed.providers.openai.chat import ChatLLM
from tests.providers.openai.asking import Heard, Meter, hear

CATALOG = load_catalog()
MODELS = [
    model
    for model in CATALOG.of(Service.LLM)
    if model.id
    in ("kimi-k2.5", "openrouter/moonshotai/kimi-k2.5", "moonshot/kimi-k2.5", "sarvam-105b")
]
REPLY = "हम सुबह 9 बजे खुलते हैं, and we close at 6 p.m. on weekdays. 😀"
# More than an answer has, so that some failures come too late.
MAX_PLACE_BYTES = 12_000
BYTE_CASES, OTHER_CASES = 30, 8
# These decide what is said, or whether anything is.
OTHERS = ("refuse", "hang", "reasoning_only", "empty", "never_final")
PATIENCE_S, LITTLE_PATIENCE_S = 10.0, 0.1
SILENT = ("stall", "hang", "never_final")
# The vendor goes on for a moment after these, or what it sent is lost on the way.
INEXACT = ("reset", "malformed", "huge_line")


@pytest_asyncio.fixture(scope="module")
async def vendors() -> AsyncIterator[Providers]:
    scenario = replace(SWIFT, mind=replace(SWIFT.mind, reply=REPLY))
    async with running_providers(scenario) as providers:
        yield providers


def fault_of(kind: Kind, seed: int) -> Fault:
    if kind in OTHERS:
        return Fault("*", kind)
    return Fault(
        "*",
        kind,
        unit="bytes",
        random_after=MAX_PLACE_BYTES,
        seed=seed,
        retry_after_s=None,
        unchunked=seed % 2 == 0,
    )


async def ask(
    model: Model,
    vendors: Providers,
    session: aiohttp.ClientSession,
    meter: Meter,
    patience_s: float = PATIENCE_S,
) -> Heard:
    provider = CATALOG.providers[model.provider]
    access = Access(replace(provider, base_url=vendors.url(provider.name)), "key-1")
    return await hear(ChatLLM(model, access, session=session, meter=meter), timeout_s=patience_s)


@pytest.mark.parametrize("kind", get_args(Kind))
async def test_what_is_heard_is_a_part_of_the_answer_or_all_of_it(
    kind: Kind, vendors: Providers, session: aiohttp.ClientSession
) -> None:
    patience_s = LITTLE_PATIENCE_S if kind in SILENT else PATIENCE_S
    cases, failures = OTHER_CASES if kind in OTHERS else BYTE_CASES, 0
    for seed, model in enumerate(islice(cycle(MODELS), cases)):
        vendors.ledger.clear()
        vendors.set_fault(fault_of(kind, seed))
        meter = Meter()
        async with asyncio.timeout(20):
            heard = await ask(model, vendors, session, meter, patience_s)
        check_heard(heard)
        check_counted(kind, meter, vendors)
        failures += heard.error is not None
    assert failures > cases / 3


async def test_after_all_of_it_the_vendors_are_heard_again(
    vendors: Providers, session: aiohttp.ClientSession
) -> None:
    vendors.set_fault()
    for model in MODELS:
        heard = await ask(model, vendors, session, Meter())
        assert (heard.words, heard.error) == (REPLY, None)


def check_heard(heard: Heard) -> None:
    if heard.error is None:
        assert heard.words == REPLY
        return
    assert isinstance(heard.error, APIError)
    assert REPLY.startswith(heard.words)
    assert not (heard.words and heard.error.retryable)
    assert heard.calls == []


def check_counted(kind: Kind, meter: Meter, vendors: Providers) -> None:
    counted = meter.amount(Measure.OUTPUT_TOKENS)
    given = vendors.ledger.total("output_tokens")
    assert counted <= given
    if kind not in INEXACT:
        # A token counts for the vendor as soon as the first byte of its event is on its way.
        assert given - counted <= 1
    if counted:
        assert meter.amount(Measure.INPUT_TOKENS) == vendors.ledger.total("input_tokens")
