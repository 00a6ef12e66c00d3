"""The text-to-speech sockets of one call: one that speaks, one that is open already for the piece
after it.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
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


class SocketEndedError(APIConnectionError):
    """The socket ended, in whatever way, before what was asked for was there."""


class SpeechSocket:
    """One socket. It is either lent to one piece, which sends and receives, or waits and keeps
    itself alive.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._config: SpeechConfig | None = None
        self._waiting: asyncio.Task[APIError] | None = None
        self.has_waited = False
        """It was open already when this piece began."""
        self.is_unheard = True
        """Nothing came from it since this piece began."""

    async def configure(self, config: SpeechConfig) -> None:
        """Afterwards the next text is spoken so. Raises as `send` does."""
        if config != self._config:
            await self.send(config.message())
            self._config = config

    async def send(self, message: str) -> None:
        """Raises SocketEndedError, APITimeoutError."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._socket.send_str(message)
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise error_of_failure(error, "the socket does not take text") from error
            raise SocketEndedError("Sarvam's socket does not take text any more") from error

    async def receive(self, timeout_s: float) -> Sound | Final | Other:
        """The next message. Raises APIStatusError for the server's error message,
        SocketEndedError, APIConnectionError for what cannot be read, APITimeoutError.
        """
        try:
            async with asyncio.timeout(timeout_s):
                message = await self._socket.receive()
        except TimeoutError as error:
            raise APITimeoutError("Sarvam sends no sound") from error
        if isinstance(message.data, aiohttp.WebSocketError):
            self.is_unheard = False
            raise APIConnectionError("Sarvam sent what cannot be read")
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise SocketEndedError(f"Sarvam ended the socket ({self._socket.close_code})")
        self.is_unheard = False
        return read_message(message.data)

    def wait(self, on_end: Callable[["SpeechSocket"], None]) -> None:
        """From now on it keeps itself alive; `on_end` is called when it is of no use any more."""

        def tell(task: asyncio.Task[APIError]) -> None:
            if not task.cancelled():
                on_end(self)

        self._waiting = asyncio.create_task(self._keep_alive())
        self._waiting.add_done_callback(tell)

    async def wake(self) -> APIError | None:
        """Afterwards it can be lent, unless it ended while it waited: then the reason."""
        task, self._waiting = self._waiting, None
        if task is None:
            return None
        has_ended = task.done()
        task.cancel()
        await asyncio.wait({task})
        self.is_unheard = True
        return task.result() if has_ended else None

    async def aclose(self) -> None:
        """Says good-bye and waits `CLOSE_TIMEOUT_S` for the answer, not longer."""
        await self.wake()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close()

    async def _keep_alive(self) -> APIError:
        """Returns when the socket is of no use any more, with the reason."""
        while True:
            try:
                if not isinstance(await self.receive(PING_EVERY_S), Other):
                    return APIConnectionError("Sarvam sent sound that nobody asked for")
            except APITimeoutError:
                try:
                    await self.send(PING)
                except APIError as error:
                    return error
            except APIError as error:
                return error


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
        self._ahead: asyncio.Task[SpeechSocket] | None = None
        self._opening: set[asyncio.Task[SpeechSocket]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def open_ahead(self, config: SpeechConfig) -> None:
        """Begins to open a socket, unless one waits or is being opened."""
        if not self._idle and self._ahead is None and not self._is_closed:
            self._ahead = self._begin(config)
            self._ahead.add_done_callback(self._keep_ahead)

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
        for task in self._opening:
            task.cancel()
        while self._opening:
            await asyncio.wait(self._opening)
        while self._idle:
            self._drop(self._idle.pop())
        while self._closing:
            await asyncio.wait(self._closing)

    async def _take(self, config: SpeechConfig) -> SpeechSocket:
        while self._idle:
            socket = self._idle.pop()
            if await self._wake(socket) is None:
                socket.has_waited = True
                return socket
        if self._is_closed:
            raise _closed()
        task, self._ahead = self._ahead or self._begin(config), None
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.add_done_callback(self._adopt)
            raise
        if task.cancelled():
            raise _closed()
        socket = task.result()
        if (error := await self._wake(socket)) is not None:
            raise error
        return socket

    async def _wake(self, socket: SpeechSocket) -> APIError | None:
        """As the socket's own; one that ended is closed."""
        is_awake = False
        try:
            error = await socket.wake()
            is_awake = error is None
        finally:
            if not is_awake:
                self._drop(socket)
        return error

    def _put_back(self, socket: SpeechSocket) -> None:
        if self._is_closed:
            self._drop(socket)
            return
        socket.wait(self._leave)
        self._idle.append(socket)
        if len(self._idle) > MAX_IDLE_SOCKETS:
            self._drop(self._idle.pop(0))

    def _leave(self, socket: SpeechSocket) -> None:
        if socket in self._idle:
            self._idle.remove(socket)
            self._drop(socket)

    def _drop(self, socket: SpeechSocket) -> None:
        task = asyncio.create_task(socket.aclose())
        self._closing.add(task)
        task.add_done_callback(self._forget_closed)

    def _forget_closed(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.debug("a speech socket did not close: %s", type(error).__name__)

    def _begin(self, config: SpeechConfig) -> asyncio.Task[SpeechSocket]:
        task = asyncio.create_task(self._open(config))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        return task

    def _keep_ahead(self, task: asyncio.Task[SpeechSocket]) -> None:
        if self._ahead is task:
            self._ahead = None
            self._adopt(task)

    def _adopt(self, task: asyncio.Task[SpeechSocket]) -> None:
        """Keeps what was opened and nobody waits for."""
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
        socket.wait(self._leave)
        return socket


def _closed() -> APIConnectionError:
    return APIConnectionError("this call speaks no more", retryable=False)
