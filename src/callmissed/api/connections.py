"""The HTTP protocol of the API's sockets, with a bound on what comes before and after a request."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# From the first byte (of the connection, of the next request) to the end of the headers; and for
# what is left of a body that was answered before it was whole.
HEADERS_WITHIN_S = 10.0
MAX_HEADER_BYTES = 65_536


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn waits for ever for headers that drip, and holds as many of them as come."""

    _closing: asyncio.TimerHandle | None = None
    _header_bytes = 0
    _is_receiving = False

    def connection_made(  # type: ignore[override]
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(transport)
        self._close_later()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stay()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes = 0
        self._is_receiving = True
        self._close_later()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stay()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_receiving = False
        self._stay()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_receiving:
            self._close_later()

    def _count(self, size_bytes: int) -> None:
        """What is raised here is answered by 400."""
        self._header_bytes += size_bytes
        if self._header_bytes > MAX_HEADER_BYTES:
            raise ValueError("the headers are too long")

    def _close_later(self) -> None:
        self._stay()
        self._closing = self.loop.call_later(HEADERS_WITHIN_S, self.transport.close)

    def _stay(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
