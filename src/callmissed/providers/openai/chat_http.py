"""Posts one chat completion and reads its stream, bounded in time and bytes."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from livekit.agents import APIConnectionError, APIError, APITimeoutError
from yarl import URL

from callmissed.providers.connections import CONNECT_TIMEOUT_S
from callmissed.providers.openai.chat_chunks import AnswerReader
from callmissed.providers.openai.chat_errors import OK, refusal_of
from callmissed.providers.openai.sse import EventReader, EventTooLongError

ANSWER_TIMEOUT_S = 120.0
# After the last word: how long the server has to tell its usage, and then to end the stream, so
# that the connection can be used again.
USAGE_TIMEOUT_S = 0.5
END_TIMEOUT_S = 0.1
MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_REFUSAL_BYTES = 64 * 1024

EVENT_STREAM = "text/event-stream"
# Some servers hold compressed text back until a block is full.
HEADERS = {"Accept": EVENT_STREAM, "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is posted. `silence_s` bounds the wait for the headers and for each event; comments that
    keep the stream alive are none.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)
    silence_s: float

    @property
    def timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S, sock_read=self.silence_s
        )


async def read_answer(
    session: aiohttp.ClientSession,
    request: ChatRequest,
    reader: AnswerReader,
    tell: Callable[[str], None],
) -> None:
    """Afterwards the answer's events went through `reader`, and the words of each, often none,
    through `tell`. Whether the answer is whole, `reader` knows.

    Raises APITimeoutError, APIConnectionError, APIStatusError. Cancelled, it closes the connection.
    """
    body = json.dumps(request.body, ensure_ascii=False).encode("utf-8", "replace")
    headers = {**HEADERS, "Content-Type": "application/json", **request.headers}
    with connection_errors():
        async with session.post(
            request.url,
            data=body,
            headers=headers,
            timeout=request.timeout,
            allow_redirects=False,
        ) as response:
            await _check_answered(response)
            reader.begin(response.headers.get("x-request-id", ""))
            await _read_events(response, reader, tell, request.silence_s)


async def open_connection(session: aiohttp.ClientSession, url: str) -> None:
    """Afterwards the pool holds a connection to the server of `url`, TLS included; nothing was
    asked. Raises aiohttp.ClientError, TimeoutError.
    """
    connector = session.connector
    if connector is None:
        return
    place = aiohttp.ClientRequest("GET", URL(url), session=session)
    timeout = aiohttp.ClientTimeout(connect=CONNECT_TIMEOUT_S)
    connection = await connector.connect(place, [], timeout)
    connection.release()


@contextmanager
def connection_errors() -> Iterator[None]:
    """Turns aiohttp's errors into LiveKit's; their texts are left out, which may hold the URL."""
    try:
        yield
    except TimeoutError:
        raise APITimeoutError("The provider did not answer in time.") from None
    except EventTooLongError:
        raise APIConnectionError("The provider's answer is too long.") from None
    except (aiohttp.ClientError, OSError) as error:
        raise APIConnectionError(f"The connection failed ({type(error).__name__}).") from None


async def _check_answered(response: aiohttp.ClientResponse) -> None:
    if response.status == OK and response.content_type == EVENT_STREAM:
        return
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk[: MAX_REFUSAL_BYTES - len(body)]
        if len(body) == MAX_REFUSAL_BYTES:
            break
    raise refusal_of(response.status, response.headers, bytes(body))


async def _read_events(
    response: aiohttp.ClientResponse,
    reader: AnswerReader,
    tell: Callable[[str], None],
    silence_s: float,
) -> None:
    try:
        async with asyncio.timeout(silence_s) as patience:
            await _read_chunks(response, reader, tell, silence_s, patience)
    except (TimeoutError, aiohttp.ClientError, APIError, EventTooLongError):
        if not reader.is_finished:
            raise


async def _read_chunks(
    response: aiohttp.ClientResponse,
    reader: AnswerReader,
    tell: Callable[[str], None],
    silence_s: float,
    patience: asyncio.Timeout,
) -> None:
    events, left_bytes = EventReader(), MAX_ANSWER_BYTES
    loop = asyncio.get_running_loop()
    async for chunk in response.content.iter_any():
        left_bytes -= len(chunk)
        if left_bytes < 0:
            raise EventTooLongError
        found = events.feed(chunk)
        for data in found:
            tell(reader.read(data))
        if found:
            patience.reschedule(loop.time() + _wait_s(reader, silence_s))


def _wait_s(reader: AnswerReader, silence_s: float) -> float:
    """Until the next event, or the end."""
    if reader.is_done:
        return END_TIMEOUT_S
    return USAGE_TIMEOUT_S if reader.is_finished else silence_s
