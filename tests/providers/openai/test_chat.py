"""A language model is asked over HTTP, and left at once when nobody wants its answer any more."""

import asyncio

import aiohttp
import pytest
from livekit.agents import APIConnectionError, APIError

from callmissed.domain.models import Service
from callmissed.domain.usage import Measure, Usage
from callmissed.providers.openai.chat import CALLING, MAX_RETRY_AFTER_S
from callmissed.providers.openai.chat_errors import RateLimitedError
from tests.providers.openai.asking import (
    KEY,
    Meter,
    access_to,
    chat_model,
    context_of,
    hear,
)
from tests.providers.openai.chat_server import (
    LAST_CHUNK,
    STREAM_HEAD,
    Request,
    answering,
    as_event,
    chunk,
    in_chunk,
    refusing,
    running_server,
)

WORDS = ("हम सुबह ", "नौ बजे ", "खुलते हैं। 😀")


async def test_an_answer_comes_with_its_words_and_what_it_used(
    session: aiohttp.ClientSession,
) -> None:
    meter = Meter()
    async with running_server(answering(*WORDS)) as server:
        heard = await hear(chat_model(session, access_to(server.url), meter))
    assert heard.error is None
    assert heard.words == "".join(WORDS)
    assert {one.id for one in heard.chunks} == {"gen-1"}
    told = heard.chunks[-1].usage
    assert told is not None
    assert (told.prompt_tokens, told.completion_tokens, told.prompt_cached_tokens) == (12, 3, 5)
    asked = {"service": Service.LLM, "model_id": "test/model", "served_by": "served/model"}
    assert meter.usages == [
        Usage(measure=Measure.INPUT_TOKENS, amount=12, **asked),
        Usage(measure=Measure.CACHED_INPUT_TOKENS, amount=5, **asked),
        Usage(measure=Measure.OUTPUT_TOKENS, amount=3, **asked),
    ]


async def test_characters_cut_by_the_network_are_whole(session: aiohttp.ClientSession) -> None:
    async def byte_by_byte(request: Request) -> None:
        await request.send(STREAM_HEAD)
        for event in (chunk("".join(WORDS)), chunk(finish="stop"), "[DONE]"):
            for byte in as_event(event):
                await request.send(in_chunk(bytes([byte])))
        await request.send(LAST_CHUNK)

    async with running_server(byte_by_byte) as server:
        heard = await hear(chat_model(session, access_to(server.url)))
    assert (heard.words, heard.error) == ("".join(WORDS), None)


@pytest.mark.parametrize("answered", [True, False])
async def test_closing_the_stream_closes_the_connection(
    session: aiohttp.ClientSession, answered: bool
) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def wait(request: Request) -> None:
        if answered:
            await request.send(STREAM_HEAD)
            await request.send_events(chunk("We open"))
        asked.set()
        await request.client_leaves()
        left.set()

    meter = Meter()
    async with running_server(wait) as server, asyncio.timeout(10):
        stream = chat_model(session, access_to(server.url), meter).chat(chat_ctx=context_of())
        await (anext(stream) if answered else asked.wait())
        await stream.aclose()
        await left.wait()
    assert (meter.amount(Measure.OUTPUT_TOKENS) > 0) is answered
    assert all(usage.is_estimate for usage in meter.usages)


async def test_an_answer_that_nobody_waits_for_counts_what_came(
    session: aiohttp.ClientSession,
) -> None:
    async def count_on(request: Request) -> None:
        await request.send(STREAM_HEAD)
        counted = {"prompt_tokens": 40, "completion_tokens": 1}
        await request.send_events(chunk("We ", usage=counted), chunk("open "))
        await request.client_leaves()

    meter = Meter()
    async with running_server(count_on) as server, asyncio.timeout(10):
        stream = chat_model(session, access_to(server.url), meter).chat(chat_ctx=context_of())
        await anext(stream)
        await anext(stream)
        await stream.aclose()
    assert meter.amount(Measure.INPUT_TOKENS) == 40
    assert meter.amount(Measure.OUTPUT_TOKENS) == 1


async def test_answers_share_the_connection_that_was_opened_before(
    session: aiohttp.ClientSession,
) -> None:
    async with running_server(answering(*WORDS)) as server:
        model = chat_model(session, access_to(server.url))
        model.prewarm()
        assert model._prewarm_task is not None
        await model._prewarm_task
        assert server.requests == []
        for _ in range(3):
            assert (await hear(model)).error is None
        await model.aclose()
        assert (server.connections, len(server.requests)) == (1, 3)


async def test_a_connection_that_went_away_is_opened_again(
    session: aiohttp.ClientSession,
) -> None:
    gone = asyncio.Event()

    async def hang_up(request: Request) -> None:
        await answering("At nine.")(request)
        request.writer.write_eof()
        await request.client_leaves()
        gone.set()

    async with running_server(hang_up) as server:
        model = chat_model(session, access_to(server.url))
        for number in (1, 2, 3):
            model.prewarm()
            assert model._prewarm_task is not None
            await model._prewarm_task
            assert server.connections == number
            assert (await hear(model)).error is None
            await gone.wait()
            gone.clear()
        await model.aclose()


async def test_what_cannot_be_reached_is_not_waited_for(session: aiohttp.ClientSession) -> None:
    async with running_server(answering()) as server:
        url = server.url
    model = chat_model(session, access_to(url))
    model.prewarm()
    heard = await hear(model)
    assert isinstance(heard.error, APIConnectionError)
    assert heard.error.retryable
    await model.aclose()


async def test_a_tool_call_being_written_gives_signs_of_life(
    session: aiohttp.ClientSession,
) -> None:
    async def call(request: Request) -> None:
        first = {"index": 0, "id": "a", "function": {"name": "find", "arguments": '{"n":'}}
        rest = {"index": 0, "function": {"arguments": "1}"}}
        await request.send(STREAM_HEAD)
        for piece in (first, rest):
            event = chunk()
            event["choices"][0]["delta"] = {"tool_calls": [piece]}
            await request.send_events(event)
        await request.send_events(chunk(finish="tool_calls"), "[DONE]")
        await request.send(LAST_CHUNK)

    async with running_server(call) as server:
        heard = await hear(chat_model(session, access_to(server.url)))
    told = [(one.delta.extra, len(one.delta.tool_calls)) for one in heard.chunks if one.delta]
    assert told == [(CALLING, 0), (CALLING, 0), (None, 1)]


async def test_a_short_wait_is_waited_and_asked_once_more(session: aiohttp.ClientSession) -> None:
    refusal = refusing(429, {"error": {"code": "rate_limited"}}, Retry_After_Ms="5")
    async with running_server(refusal, answering("At nine.")) as server:
        heard = await hear(chat_model(session, access_to(server.url)))
        assert (heard.words, heard.error, len(server.requests)) == ("At nine.", None, 2)
    async with running_server(refusal) as server:
        heard = await hear(chat_model(session, access_to(server.url)))
        assert isinstance(heard.error, RateLimitedError)
        assert len(server.requests) == 2


async def test_a_long_wait_is_the_askers_affair(session: aiohttp.ClientSession) -> None:
    refusal = refusing(429, {}, Retry_After="1")
    async with running_server(refusal, answering("At nine.")) as server:
        heard = await hear(chat_model(session, access_to(server.url)))
        assert len(server.requests) == 1
    assert isinstance(heard.error, RateLimitedError)
    assert heard.error.retry_after_s == 1 > MAX_RETRY_AFTER_S
    assert heard.error.retryable


async def test_a_redirect_is_not_followed(session: aiohttp.ClientSession) -> None:
    async with running_server(answering("At nine.")) as elsewhere:
        moved = refusing(307, {}, Location=f"{elsewhere.url}/chat/completions")
        async with running_server(moved) as server:
            heard = await hear(chat_model(session, access_to(server.url)))
        assert elsewhere.requests == []
    assert isinstance(heard.error, APIError)
    assert not heard.error.retryable


async def test_a_page_in_place_of_a_stream_is_an_error(session: aiohttp.ClientSession) -> None:
    async with running_server(refusing(200, {"choices": []})) as server:
        heard = await hear(chat_model(session, access_to(server.url)))
    assert isinstance(heard.error, APIConnectionError)


async def test_no_error_holds_the_key_or_the_callers_words(session: aiohttp.ClientSession) -> None:
    quoting = refusing(400, {"error": {"message": f"{KEY}: When do you open?", "code": KEY}})
    async with running_server(quoting) as server:
        heard = await hear(chat_model(session, access_to(server.url)))
    assert "400" in str(heard.error)
    for secret in (KEY, "open", server.url):
        assert secret not in repr(heard.error) + str(heard.error)
