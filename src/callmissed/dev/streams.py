"""Streamed HTTP answers of simulators, with the use's faults between their pieces."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from callmissed.dev.uses import Closing, Failing, Gone, Use

KEEP_ALIVE_S = 0.2


class Stream:
    """One answer in pieces: `open`, `write` as often as needed, `close`.

    `keep_alive` is written five times a second while the line is stalled, by vendors that do so.
    """

    def __init__(
        self,
        use: Use,
        content_type: str,
        *,
        headers: Mapping[str, str] | None = None,
        keep_alive: bytes = b"",
    ) -> None:
        self.use = use
        self._keep_alive = keep_alive
        self._headers = {"Content-Type": content_type, **(headers or {})}
        self._response = web.StreamResponse(headers=self._headers)
        fault = use.fault
        self._is_raw = fault is not None and fault.unchunked

    async def open(self) -> None:
        """Sends status and headers. May raise what `Use.count` raises."""
        if self._is_raw:
            lines = [f"{name}: {value}" for name, value in self._headers.items()]
            head = "\r\n".join(["HTTP/1.1 200 OK", *lines, "Connection: close", "", ""])
            self._write_raw(head.encode())
        else:
            await self._response.prepare(self.use.request)
        self.use.count()
        await self._stall_if_mute()

    async def write(self, piece: bytes, *, messages: int = 0, audio_ms: int = 0) -> None:
        """Sends a piece, or as much of it as the fault allows; then raises, or waits for ever."""
        left = self.use.bytes_left()
        allowed = piece if left is None else piece[:left]
        if self._is_raw:
            self._write_raw(allowed)
        else:
            await self._response.write(allowed)
        self.use.count(messages=messages, size=len(piece), audio_ms=audio_ms)
        await self._stall_if_mute()

    async def close(self) -> web.StreamResponse:
        """Ends the answer as HTTP does."""
        if self._is_raw:
            self.use.cut()
        await self._response.write_eof()
        return self._response

    async def hold(self) -> None:
        """Never returns: the connection stands, and nothing more comes."""
        while True:
            if self._keep_alive:
                await self._response.write(self._keep_alive)
            await asyncio.sleep(KEEP_ALIVE_S)

    async def _stall_if_mute(self) -> None:
        if self.use.is_mute:
            await self.hold()

    def _write_raw(self, data: bytes) -> None:
        transport = self.use.request.transport
        if transport is None:
            raise Gone("the client left")
        transport.write(data)


async def answer_json(
    use: Use, document: Any, *, headers: Mapping[str, str] | None = None
) -> web.StreamResponse:
    """The whole answer of a request that is not streamed, or as much as the fault allows.

    Raises Refused where an error is due in its place, Gone where the connection is to end.
    """
    try:
        use.count()
    except Failing as failing:
        raise failing.refused from None
    except Closing:
        use.cut()
    body = use.garbage() or json.dumps(document, ensure_ascii=False).encode()
    out = Stream(use, "application/json", headers=headers)
    try:
        await out.open()
        await out.write(body, messages=1)
    except (Closing, Failing):
        use.cut()
    if use.suffers("never_final"):
        await out.hold()
    use.finish()
    return await out.close()
