"""A listening port that can be shut and opened again while its connections live on."""

import asyncio
import socket
from collections.abc import Callable

BACKLOG = 1024


class Port:
    """Hands each connection that it accepts to `make_protocol`.

    `refuse` closes the listening socket, so that the system itself refuses new connections;
    `accept` opens it again under the same number.
    """

    def __init__(self, make_protocol: Callable[[], asyncio.Protocol], host: str, port: int) -> None:
        self._make_protocol = make_protocol
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._greetings: set[asyncio.Task[None]] = set()
        self._socket: socket.socket | None = None
        self.number = port
        self.accept()

    def accept(self) -> None:
        """Raises OSError where somebody else has the port."""
        if self._socket is not None:
            return
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setblocking(False)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self._host, self.number))
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
        self._socket = listening
        self.number = listening.getsockname()[1]
        self._loop.add_reader(listening.fileno(), self._take)

    def refuse(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    async def aclose(self) -> None:
        self.refuse()
        await asyncio.gather(*self._greetings, return_exceptions=True)

    def _take(self) -> None:
        assert self._socket is not None
        while True:
            try:
                taken, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            taken.setblocking(False)
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            greeting = self._loop.create_task(self._greet(taken))
            self._greetings.add(greeting)
            greeting.add_done_callback(self._greetings.discard)

    async def _greet(self, taken: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, taken)
        except OSError:
            taken.close()
