"""Customers' URLs: checked when they are given to us, and again by whoever connects to them."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from callmissed.domain.errors import Refusal, invalid
from callmissed.kit.addresses import (
    Address,
    AddressError,
    Network,
    is_internal_name,
    may_connect,
    parse_target,
)

RESOLVE_TIMEOUT_S = 0.3
RESOLVER_THREADS = 4

Resolve = Callable[[str], Awaitable[Sequence[Address]]]


class Resolver:
    """Looks names up in threads of its own, so that a slow name server holds up nothing else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolver")

    async def __call__(self, name: str) -> Sequence[Address]:
        """Raises OSError for a name that has no address, TimeoutError after `RESOLVE_TIMEOUT_S`."""
        loop = asyncio.get_running_loop()
        lookup = loop.run_in_executor(self._threads, _look_up, name)
        return await asyncio.wait_for(lookup, RESOLVE_TIMEOUT_S)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


async def check_url(url: str, allowed: Sequence[Network], resolve: Resolve, *, param: str) -> None:
    """Afterwards the URL is http(s) and leads to public addresses, as far as can be told now.

    A name that does not resolve now passes: who connects checks every address again. Raises Refusal
    INVALID_VALUE with `param`.
    """
    try:
        target = parse_target(url)
    except AddressError as error:
        raise _refused(param, f"This URL cannot be called: {error}.") from error
    if target.address is not None:
        addresses: Sequence[Address] = (target.address,)
    else:
        addresses = await _addresses_of(target.host, resolve)
        if is_internal_name(target.host) and not _all_listed(addresses, allowed):
            raise _refused(param, f"{target.host} is a name inside a network.")
    if not all(may_connect(address, allowed) for address in addresses):
        raise _refused(param, f"{target.host} is not on the public internet.")


async def _addresses_of(name: str, resolve: Resolve) -> Sequence[Address]:
    try:
        return await resolve(name)
    except (OSError, TimeoutError, UnicodeError):
        return ()


def _all_listed(addresses: Sequence[Address], allowed: Sequence[Network]) -> bool:
    return bool(addresses) and all(
        any(address.version == network.version and address in network for network in allowed)
        for address in addresses
    )


def _look_up(name: str) -> Sequence[Address]:
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return [ip_address(str(entry[4][0]).split("%")[0]) for entry in found]


def _refused(param: str, message: str) -> Refusal:
    hint = (
        "Give an http(s) URL on the public internet. Whoever hosts this installation can allow "
        "internal networks with CALLMISSED_OUTBOUND_ALLOW."
    )
    return invalid(param, message, hint)
