"""Posts to a server's audio endpoints, and knows whether what was posted counts as delivered."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
from livekit.agents import APIConnectionError

from callmissed.domain.models import Access
from callmissed.providers.connections import CONNECT_TIMEOUT_S
from callmissed.providers.openai.chat_errors import refusal_of
from callmissed.providers.openai.chat_http import (
    MAX_REFUSAL_BYTES,
    connection_errors,
    open_connection,
)
from callmissed.providers.openai.chat_options import key_headers

OK = 200


class AudioEndpoint:
    """One path of one server, as one tenant reaches it."""

    def __init__(self, session: aiohttp.ClientSession, access: Access, path: str) -> None:
        self._session = session
        self._url = access.provider.base_url.rstrip("/") + path
        self._headers = key_headers(access)
        self._opening: asyncio.Task[None] | None = None

    def open_ahead(self) -> None:
        """Begins to open a connection, which the next request uses."""
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._open())

    async def aclose(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)

    @asynccontextmanager
    async def post(
        self, body: bytes, content_type: str, due: asyncio.Timeout, count: Callable[[], None]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer of a server that accepts; left early, its connection is closed.

        `count` is called once where the server took the work: it accepted, or was left while it was
        busy with it. `due` is the caller's deadline, inside which this runs. Raises APIStatusError,
        APIConnectionError, APITimeoutError.
        """
        is_sent = is_accepted = is_left = False

        async def sending() -> AsyncIterator[bytes]:
            nonlocal is_sent
            yield body
            is_sent = True

        headers = {
            **self._headers,
            "Content-Type": content_type,
            "Content-Length": str(len(body)),
            "Accept-Encoding": "identity",
        }
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S)
        try:
            with connection_errors():
                async with self._session.post(
                    self._url,
                    data=sending(),
                    headers=headers,
                    timeout=timeout,
                    allow_redirects=False,
                ) as answer:
                    if answer.status != OK:
                        refusal = await answer.content.read(MAX_REFUSAL_BYTES)
                        raise refusal_of(answer.status, answer.headers, refusal)
                    is_accepted = True
                    yield answer
        except asyncio.CancelledError:
            is_left = is_sent and not due.expired()
            raise
        finally:
            if is_accepted or is_left:
                count()

    async def _open(self) -> None:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            await open_connection(self._session, self._url)


async def read_whole(answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """Raises APIConnectionError where it is longer."""
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            raise APIConnectionError("The provider's answer is too long.")
    return bytes(body)
