"""One open speech-to-text socket: sends, tells what came, says what its end means."""

import asyncio
import time
from contextlib import suppress

import aiohttp
from livekit.agents import APIConnectionError, APIError, APIStatusError, utils

from callmissed.domain.models import Access
from callmissed.providers.sarvam.errors import error_of_answer, error_of_failure
from callmissed.providers.sarvam.stt_errors import REFUSED_CLOSE, error_of_close
from callmissed.providers.sarvam.stt_wire import Failed, News, Wire

OPEN_TIMEOUT_S = 2.0
SEND_TIMEOUT_S = 3.0
CLOSE_TIMEOUT_S = 0.5
WHY_TIMEOUT_S = 1.0
HEARTBEAT_S = 20.0
MAX_MESSAGE_BYTES = 1 << 20
MAX_REASON_BYTES = 4096
MAX_UNREAD = 1000

_WHAT = "to listen"


class Socket:
    """It is read from its beginning, so that one which waits to be used notices its own end."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, wire: Wire) -> None:
        self._socket = socket
        self._came: asyncio.Queue[aiohttp.WSMessage] = asyncio.Queue(MAX_UNREAD)
        self._reading = asyncio.create_task(self._read(), name="read from Sarvam")
        self._has_begun = False
        self.wire = wire
        self.opened_s = self.sent_s = time.monotonic()
        self.is_finishing = False
        """Set when nothing more will be sent: the server may end the socket then."""

    @property
    def age_s(self) -> float:
        return time.monotonic() - self.opened_s

    @property
    def is_open(self) -> bool:
        return not self._reading.done()

    async def send(self, message: str | bytes) -> None:
        """Raises APIConnectionError, APITimeoutError where the server takes nothing more."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                if isinstance(message, str):
                    await self._socket.send_str(message)
                else:
                    await self._socket.send_bytes(message)
        except (aiohttp.ClientError, OSError) as error:
            raise error_of_failure(error, _WHAT) from error
        self.sent_s = time.monotonic()

    async def receive(self) -> News | None:
        """The next message; None for one that changes nothing.

        Raises APIStatusError for an error that the server told, APIConnectionError for a socket
        that ended in whatever way; EOFError for a clean end when `is_finishing`.
        """
        message = await self._came.get()
        if message.type is aiohttp.WSMsgType.TEXT:
            news = self.wire.read(message.data)
            if not isinstance(news, Failed):
                self._has_begun = self._has_begun or news is not None
                return news
            if news.is_fatal:
                raise await self._why_refused() or news.error
            return None
        if message.type is aiohttp.WSMsgType.BINARY:
            raise APIConnectionError("Sarvam sent what cannot be read")
        code = self._socket.close_code
        if self.is_finishing and code in (1000, 1001, None):
            raise EOFError
        raise error_of_close(code, message.extra)

    async def end(self) -> None:
        """For a socket that takes nothing more: what it still tells is read before it is closed."""
        await asyncio.wait({self._reading}, timeout=CLOSE_TIMEOUT_S)
        await self.aclose()

    async def aclose(self) -> None:
        """Says good-bye and waits `CLOSE_TIMEOUT_S` for the answer, not longer. Whoever receives
        is told that the socket ended.
        """
        await utils.aio.cancel_and_wait(self._reading)
        if not self._came.full():
            self._came.put_nowait(aiohttp.WSMessage(aiohttp.WSMsgType.CLOSED, None, None))
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * CLOSE_TIMEOUT_S):
                await self._socket.close()

    async def _why_refused(self) -> APIError | None:
        """What a server calls an error before it hears anything may be a refusal of the account:
        the close code behind it tells.
        """
        if self._has_begun:
            return None
        await asyncio.wait({self._reading}, timeout=CLOSE_TIMEOUT_S)
        code = self._socket.close_code
        return error_of_close(code, "") if code == REFUSED_CLOSE else None

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            await self._came.put(message)
            if message.type is not aiohttp.WSMsgType.TEXT:
                return


async def open_socket(http: aiohttp.ClientSession, access: Access, wire: Wire) -> Socket:
    """Raises APIStatusError where the server refuses, APIConnectionError, APITimeoutError."""
    provider = access.provider
    url = provider.base_url.rstrip("/") + wire.path
    headers = {provider.key_header: provider.key_prefix + access.key} if access.key else {}
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            opened = await http.ws_connect(
                url,
                params=wire.query,
                headers=headers,
                heartbeat=HEARTBEAT_S,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
                max_msg_size=MAX_MESSAGE_BYTES,
            )
    except aiohttp.WSServerHandshakeError as error:
        if error.status != 429:
            raise error_of_failure(error, _WHAT) from None
        raise await _why_429(http, url, wire, headers) from None
    except (aiohttp.ClientError, OSError, RuntimeError) as error:  # the last: the pool is closed
        raise error_of_failure(error, _WHAT) from error
    return Socket(opened, wire)


async def _why_429(
    http: aiohttp.ClientSession, url: str, wire: Wire, headers: dict[str, str]
) -> APIError:
    """A refused handshake keeps its reason to itself (aiohttp reads no body of it), and one status
    stands for a quota and for a rate: asked once more without a socket, the server tells which.
    """
    refusal: APIStatusError = error_of_answer(429, None, _WHAT)
    with suppress(aiohttp.ClientError, OSError, ValueError):
        async with (
            asyncio.timeout(WHY_TIMEOUT_S),
            http.get(url, params=wire.query, headers=headers) as answer,
        ):
            if answer.status == 429 and (answer.content_length or 0) <= MAX_REASON_BYTES:
                refusal = error_of_answer(429, await answer.json(content_type=None), _WHAT)
    return refusal
