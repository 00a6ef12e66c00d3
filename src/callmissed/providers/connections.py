"""The HTTP and WebSocket connections of one process to the providers, shared by all its sessions."""

import socket
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import aiohttp

from callmissed.domain.models import Access
from callmissed.kit.addresses import Network, may_connect

CONNECT_TIMEOUT_S = 2.0
DNS_CACHE_S = 300
# Most servers hang up on a connection that was idle for a minute.
KEEPALIVE_S = 55.0
MAX_HEADER_BYTES = 16_384
MAX_LINE_BYTES = 16_384

AddrInfo = tuple[int, int, int, str, Any]


class Connections:
    """Two pools without a limit on connections to one host: `session()` for addresses that the
    operator chose (the catalogue's, loopback and internal networks included), `guarded_session()`
    for those that a customer gave.

    Cookies are dropped, since tenants share the pool; proxies of the environment are not used. Make
    one a process; the pools are made in the loop of their first use; `await aclose()` ends every
    connection.
    """

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)
        self._open: aiohttp.ClientSession | None = None
        self._guarded: aiohttp.ClientSession | None = None

    def session(self) -> aiohttp.ClientSession:
        if self._open is None:
            self._open = _session(None)
        return self._open

    def guarded_session(self) -> aiohttp.ClientSession:
        """Connects to public addresses and to `allowed` networks only: the address is judged when
        its socket is made, whatever the name led to before and wherever a redirect leads. Another
        address fails like a host that does not answer.
        """
        if self._guarded is None:
            self._guarded = _session(self._make_socket)
        return self._guarded

    def session_of(self, access: Access) -> aiohttp.ClientSession:
        """The pool that may connect to where this access leads."""
        return self.guarded_session() if access.is_customers_url else self.session()

    async def aclose(self) -> None:
        for session in (self._open, self._guarded):
            if session is not None:
                await session.close()

    def _make_socket(self, info: AddrInfo) -> socket.socket:
        family, kind, protocol, _, place = info
        if not may_connect(ip_address(str(place[0]).split("%")[0]), self._allowed):
            raise OSError("this address is not on the public internet")
        return socket.socket(family, kind, protocol)


def _session(make_socket: Any) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=0,
        limit_per_host=0,
        ttl_dns_cache=DNS_CACHE_S,
        keepalive_timeout=KEEPALIVE_S,
        socket_factory=make_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        trust_env=False,
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_HEADER_BYTES,
    )
