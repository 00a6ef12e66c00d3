"""An answer ends when it is whole, and is left when it will not be."""

import asyncio
import tracemalloc

import aiohttp
import pytest
from livekit.agents import APIConnectionError, APITimeoutError

from callmissed.domain.usage import Measure
from callmissed.providers.openai.chat_errors import NoAnswerError
from tests.providers.openai.asking import (
    Meter,
    access_to,
    chat_model,
    hear,
)
from tests.providers.openai.chat_server import (
    LAST_CHUNK,
    STREAM_HEAD,
    UNBOUNDED_HEAD,
    Request,
    answering,
    as_event,
    chunk,
    in_chunk,
    running_server,
)

WORDS = ("हम सुबह ", "नौ बजे ", "खुलते हैं। 😀")


@pytest.mark.parametrize("last", [[chunk(finish="stop")], [chunk(finish="stop"), "[DONE]"]])
async def test_a_whole_answer_ends_though_the_server_holds_on(
    session: aiohttp.ClientSession, last: list[object]
) -> None:
    async def hold_on(request: Request) -> None:
        await request.send(STREAM_HEAD)
        await request.send_events(chunk("At nine."), *last)
        await request.client_leaves()

    async with running_server(hold_on) as server:
        heard = await hear(chat_model(session, access_to(server.url)))
        assert (heard.words, heard.error) == ("At nine.", None)


@pytest.mark.parametrize("ending", ["unbounded", "chunked", "cut"])
async def test_an_answer_that_breaks_off_is_an_error(
    session: aiohttp.ClientSession, ending: str
) -> None:
    async def break_off(request: Request) -> None:
        events = b"".join(as_event(chunk(word)) for word in WORDS)
        head = UNBOUNDED_HEAD if ending == "unbounded" else STREAM_HEAD
        data = events if ending == "unbounded" else in_chunk(events)
        await request.send(head + data + (LAST_CHUNK if ending == "chunked" else b""))
        request.writer.close()

    meter = Meter()
    async with running_server(break_off) as server:
        heard = await hear(chat_model(session, access_to(server.url), meter))
        assert len(server.requests) == 1
    assert heard.words == "".join(WORDS)
    assert isinstance(heard.error, APIConnectionError)
    assert not heard.error.retryable
    assert meter.amount(Measure.OUTPUT_TOKENS) > 0


async def test_ten_megabytes_without_an_end_are_neither_kept_nor_read(
    session: aiohttp.ClientSession,
) -> None:
    left = asyncio.Event()

    async def pour(request: Request) -> None:
        await request.send(STREAM_HEAD + in_chunk(b'data: {"choices": "'))
        try:
            for _ in range(160):
                await request.send(in_chunk(b"x" * 65_536))
        except ConnectionError:
            left.set()

    tracemalloc.start()
    try:
        async with running_server(pour) as server, asyncio.timeout(20):
            heard = await hear(chat_model(session, access_to(server.url)))
            await left.wait()
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(heard.error, APIConnectionError)
    assert peak_bytes < 4 << 20


async def test_an_endless_answer_is_left(session: aiohttp.ClientSession) -> None:
    async def never_end(request: Request) -> None:
        await request.send(STREAM_HEAD)
        piece = in_chunk(b": still thinking\n\n" * 4096)
        try:
            while True:
                await request.send(piece)
        except ConnectionError:
            pass

    async with running_server(never_end) as server:
        heard = await hear(chat_model(session, access_to(server.url)))
        await server.answered.wait()
    assert isinstance(heard.error, APIConnectionError)


async def test_a_silent_server_is_left(session: aiohttp.ClientSession) -> None:
    async def say_nothing(request: Request) -> None:
        await request.client_leaves()

    async with running_server(say_nothing) as server:
        heard = await hear(chat_model(session, access_to(server.url)), timeout_s=0.05)
        await server.answered.wait()
    assert isinstance(heard.error, APITimeoutError)


async def test_comments_are_no_words(session: aiohttp.ClientSession) -> None:
    left = asyncio.Event()

    async def keep_alive(request: Request) -> None:
        await request.send(STREAM_HEAD)
        await request.send_events(chunk("We open"))
        watch = asyncio.create_task(request.client_leaves())
        while not watch.done():
            await request.send(in_chunk(b": OPENROUTER PROCESSING\n\n"))
            await asyncio.wait([watch], timeout=0.01)
        left.set()

    async with running_server(keep_alive) as server, asyncio.timeout(10):
        heard = await hear(chat_model(session, access_to(server.url)), timeout_s=0.2)
        await left.wait()
    assert heard.words == "We open"
    assert isinstance(heard.error, APITimeoutError)


async def test_an_answer_without_a_word_is_an_error_that_is_paid(
    session: aiohttp.ClientSession,
) -> None:
    meter = Meter()
    async with running_server(answering("", " ")) as server:
        heard = await hear(chat_model(session, access_to(server.url), meter))
    assert isinstance(heard.error, NoAnswerError)
    assert meter.amount(Measure.INPUT_TOKENS) == 12
