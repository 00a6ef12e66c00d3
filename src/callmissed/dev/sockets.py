"""WebSockets of simulators: JSON out, each message at its time, with faults between them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSCloseCode, web

from callmissed.dev.errors import Refused
from callmissed.dev.uses import Closing, Failing, Use

MAX_WAITING = 10_000
MAX_MESSAGE_BYTES = 16 << 20
CLOSE_TIMEOUT_S = 1.0


class Socket:
    """One accepted WebSocket. What is put into it goes out in order, none before its time.

    `word_error` makes the error message of an answer that began well, and the code of the close
    behind it.
    """

    def __init__(self, use: Use, word_error: Callable[[Refused], tuple[Any, int]]) -> None:
        self.use = use
        self._word_error = word_error
        self.response = web.WebSocketResponse(
            max_msg_size=MAX_MESSAGE_BYTES, timeout=CLOSE_TIMEOUT_S
        )
        self._waiting: asyncio.Queue[tuple[float, Callable[[], Awaitable[None]]] | None]
        self._waiting = asyncio.Queue(MAX_WAITING)

    async def serve(self, read: Callable[[], Awaitable[None]]) -> web.WebSocketResponse:
        """Accepts, runs `read` until it returns, sends what is still due, closes with 1000.

        Raises Gone where a fault ended the connection.
        """
        await self.response.prepare(self.use.request)
        try:
            await self._together(read)
            await self.response.close(code=WSCloseCode.OK)
        except Closing as closing:
            await self.response.close(code=closing.code)
        except Failing as failing:
            message, code = self._word_error(failing.refused)
            await self.response.send_json(message)
            await self.response.close(code=code)
        finally:
            if self.use.entry.outcome == "open":
                self.use.entry.outcome = "left"
        return self.response

    async def send(self, message: Any, *, audio_ms: int = 0) -> bool:
        """Sends at once. False where it was swallowed: the line is stalled or closed."""
        if self.use.is_mute or self.response.closed:
            return False
        garbage = self.use.garbage()
        text = json.dumps(message, ensure_ascii=False)
        try:
            if garbage is not None:
                await self.response.send_str(garbage.decode())
            await self.response.send_str(text)
        except ConnectionResetError:
            return False
        self.use.count(messages=1, size=len(text), audio_ms=audio_ms)
        return True

    def put(self, message: Any, *, at_s: float = 0.0) -> None:
        """Sends at this time of the loop's clock or later, behind what was put before."""

        async def send() -> None:
            await self.send(message)

        self.put_work(send, at_s=at_s)

    def put_work(self, work: Callable[[], Awaitable[None]], *, at_s: float = 0.0) -> None:
        """Runs `work`, which sends, in its turn."""
        self._waiting.put_nowait((at_s, work))

    async def _together(self, read: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send_waiting())
                self.use.count()
                await read()
                self._waiting.put_nowait(None)
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _send_waiting(self) -> None:
        while (item := await self._waiting.get()) is not None:
            at_s, work = item
            await asyncio.sleep(max(0.0, at_s - asyncio.get_running_loop().time()))
            await work()
