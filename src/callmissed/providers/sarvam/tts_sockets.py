"""The text-to-speech sockets of one call: one that speaks, one that is open already for the piece
after it.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from livekit.agents import APIConnectionError, APIError, APITimeoutError

from callmissed.providers.sarvam.errors import error_of_failure
from callmissed.providers.sarvam.tts_wire import (
    PING,
    Final,
    Other,
    Sound,
    SpeechConfig,
    read_message,
)

OPEN_TIMEOUT_S = 2.0
SEND_TIMEOUT_S = 2.0
CLOSE_TIMEOUT_S = 0.5
# Sarvam closes a socket that was idle for 60 s.
PING_EVERY_S = 25.0
HEARTBEAT_S = 20.0
MAX_IDLE_SOCKETS = 2
MAX_MESSAGE_BYTES = 4 << 20

_log = logging.getLogger(__name__)


class SpeechSocket:
    """One socket. It is either lent to one piece, which sends and receives, or waits and keeps
    itself alive.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._config: SpeechConfig | None = None
        self._waiting: asyncio.Task[None] | None = None

    async def configure(self, config: SpeechConfig) -> None:
        """Afterwards the next text is spoken so. Raises APIConnectionError."""
        if config != self._config:
            await self.send(config.message())
            self._config = config

    async def send(self, message: str) -> None:
        """Raises APIConnectionError, APITimeoutError."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._socket.send_str(message)
        except (aiohttp.ClientError, OSError) as error:
            raise error_of_failure(error, "the socket does not take text") from error

    async def receive(self, timeout_s: float) -> Sound | Final | Other:
        """The next message. Raises APIStatusError for the server's error message,
        APIConnectionError for a socket that ended in whatever way, APITimeoutError.
        """
        try:
            async with asyncio.timeout(timeout_s):
                message = await self._socket.receive()
        except TimeoutError as error:
            raise APITimeoutError("Sarvam sends no sound") from error
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise APIConnectionError(f"Sarvam ended the socket ({self._socket.close_code})")
        return read_message(message.data)

    def wait(self) -> None:
        """From now on it keeps itself alive and notices its end."""
        self._waiting = asyncio.create_task(self._keep_alive())

    async def wake(self) -> bool:
        """Afterwards it can be lent; False when it ended while it waited."""
        task, self._waiting = self._waiting, None
        if task is None:
            return not self._socket.closed
        has_ended = task.done()
        task.cancel()
        await asyncio.wait({task})
        return not has_ended and not self._socket.closed

    async def aclose(self) -> None:
        """Says good-bye and waits `CLOSE_TIMEOUT_S` for the answer, not longer."""
        await self.wake()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close()

    async def _keep_alive(self) -> None:
        """Returns when the socket is of no use any more: nobody asked for sound that comes now."""
        while True:
            try:
                async with asyncio.timeout(PING_EVERY_S):
                    message = await self._socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return
                if not isinstance(read_message(message.data), Other):
                    return
            except TimeoutError:
                try:
                    await self.send(PING)
                except APIError:
                    return
            except APIError:
                return


class SpeechSockets:
    """Opens sockets to one address, ahead of need, and lends them.

    While a piece speaks on one, the next is opened behind it. A socket whose piece ended well
    speaks the next one, any other is closed. `await aclose()` leaves none open.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> None:
        self._session = session
        self._url = url
        self._params = dict(params)
        self._headers = dict(headers)
        self._idle: list[SpeechSocket] = []
        self._opening: asyncio.Task[SpeechSocket] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def open_ahead(self, config: SpeechConfig) -> None:
        """Begins to open a socket, unless one waits or is being opened."""
        if not self._idle and self._opening is None and not self._is_closed:
            self._opening = asyncio.create_task(self._open(config))
            self._opening.add_done_callback(self._keep_opened)

    @asynccontextmanager
    async def lend(self, config: SpeechConfig) -> AsyncIterator[SpeechSocket]:
        """A socket that speaks as configured, for one piece: left without an exception, it is used
        again.

        Raises APIStatusError where the server refuses the connection, APIConnectionError,
        APITimeoutError.
        """
        socket = await self._take(config)
        try:
            self.open_ahead(config)
            yield socket
        except BaseException:
            self._drop(socket)
            raise
        self._put_back(socket)

    async def aclose(self) -> None:
        self._is_closed = True
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait({self._opening})
        while self._idle:
            self._drop(self._idle.pop())
        while self._closing:
            await asyncio.wait(self._closing)

    async def _take(self, config: SpeechConfig) -> SpeechSocket:
        while True:
            while self._idle:
                socket = self._idle.pop()
                is_open = False
                try:
                    is_open = await socket.wake()
                finally:
                    if not is_open:
                        self._drop(socket)
                if is_open:
                    return socket
            if self._is_closed:
                raise APIConnectionError("this call speaks no more", retryable=False)
            self.open_ahead(config)
            opening = self._opening
            assert opening is not None
            await asyncio.wait({opening})
            if not opening.cancelled() and (error := opening.exception()) is not None:
                raise error

    def _put_back(self, socket: SpeechSocket) -> None:
        if self._is_closed:
            self._drop(socket)
            return
        socket.wait()
        self._idle.append(socket)
        if len(self._idle) > MAX_IDLE_SOCKETS:
            self._drop(self._idle.pop(0))

    def _drop(self, socket: SpeechSocket) -> None:
        task = asyncio.create_task(socket.aclose())
        self._closing.add(task)
        task.add_done_callback(self._forget_closed)

    def _forget_closed(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.debug("a speech socket did not close: %s", type(error).__name__)

    def _keep_opened(self, task: asyncio.Task[SpeechSocket]) -> None:
        if self._opening is task:
            self._opening = None
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            _log.debug("a speech socket did not open: %s", type(error).__name__)
        elif self._is_closed:
            self._drop(task.result())
        else:
            self._idle.insert(0, task.result())

    async def _open(self, config: SpeechConfig) -> SpeechSocket:
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                opened = await self._session.ws_connect(
                    self._url,
                    params=self._params,
                    headers=self._headers,
                    heartbeat=HEARTBEAT_S,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
                    max_msg_size=MAX_MESSAGE_BYTES,
                )
        except (aiohttp.ClientError, OSError) as error:
            raise error_of_failure(error, "no socket for speech opens") from error
        socket = SpeechSocket(opened)
        try:
            await socket.configure(config)
        except BaseException:
            await socket.aclose()
            raise
        socket.wait()
        return socket
