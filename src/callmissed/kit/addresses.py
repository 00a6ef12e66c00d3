"""Where a URL leads: its host in every notation a resolver would accept, and whether it is public.

The rules for hosts are those of the WHATWG URL standard ("host parsing"), which clients follow.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL_CHARS = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}

# `ipaddress.is_global` lets 6to4, NAT64, multicast and more through, so the lists are ours
# (IANA special-purpose registries).
_NOT_PUBLIC_V4 = tuple(
    IPv4Network(cidr)
    for cidr in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(cidr) for cidr in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_MAPPED_V6 = IPv6Network("::ffff:0:0/96")

_INTERNAL_SUFFIXES = (
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "lan",
    "home.arpa",
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_OTHER_DOTS = str.maketrans(dict.fromkeys("。．｡", "."))


class AddressError(ValueError):
    """The URL leads nowhere that can be named; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads. `address` is set where the host is an address, however it was written."""

    scheme: str
    host: str
    port: int
    address: Address | None


def parse_target(url: str) -> Target:
    """Raises AddressError for what is not http(s), names no host, or smuggles something in."""
    if len(url) > MAX_URL_CHARS:
        raise AddressError(f"it is longer than {MAX_URL_CHARS} characters")
    if _FORBIDDEN.search(url):
        raise AddressError("it holds spaces, backslashes or control characters")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise AddressError("its host or port cannot be read") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise AddressError("it does not start with http:// or https://")
    if "@" in parts.netloc:
        raise AddressError("it holds a user name or password")
    if not host or port == 0 or parts.netloc.endswith(":"):
        raise AddressError("it names no host, or no port behind the colon")
    name, address = _read_host(host, bracketed="[" in parts.netloc)
    return Target(parts.scheme, name, port or DEFAULT_PORTS[parts.scheme], address)


def is_public(address: Address) -> bool:
    """True for what is routed on the internet to one machine; embedded IPv4 in IPv6 never is."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _GLOBAL_UNICAST_V6 and not any(address in net for net in _NOT_PUBLIC_V6)


def may_connect(address: Address, allowed: Sequence[Network] = ()) -> bool:
    """True for public addresses and for those of the `allowed` networks, mapped IPv4 by its own."""
    inner = address
    if isinstance(address, IPv6Address) and address in _MAPPED_V6:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return is_public(address) or any(
        candidate.version == network.version and candidate in network
        for network in allowed
        for candidate in (address, inner)
    )


def is_internal_name(name: str) -> bool:
    """True for names that only mean something inside a network: `localhost`, `db`, `x.local`."""
    bare = name.rstrip(".")
    return "." not in bare or any(
        bare == suffix or bare.endswith(f".{suffix}") for suffix in _INTERNAL_SUFFIXES
    )


def _read_host(host: str, *, bracketed: bool) -> tuple[str, Address | None]:
    if bracketed:
        try:
            address = IPv6Address(host)
        except ValueError as error:
            raise AddressError("the address in brackets is not IPv6") from error
        if address.scope_id is not None:
            raise AddressError("it names a network interface")
        return address.compressed, address
    name = _plain_name(host)
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        read = _read_ipv4(labels)
        return str(read), read
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressError("its host is neither a name nor an address")
    return name, None


def _plain_name(host: str) -> str:
    """Lower-case ASCII without a trailing dot, the way a client turns it before it resolves."""
    if "%" in host:
        raise AddressError("its host is percent-encoded")
    name = unicodedata.normalize("NFKC", host.translate(_OTHER_DOTS)).lower()
    name = name.removesuffix(".")
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise AddressError("its host is neither a name nor an address") from error


def _read_ipv4(labels: Sequence[str]) -> IPv4Address:
    """`127.0.0.1`, `127.1`, `0x7f.1`, `2130706433`: the last of the numbers fills what is left."""
    numbers = [_read_number(label) for label in labels]
    *heads, tail = numbers
    if len(numbers) > 4 or any(head > 255 for head in heads) or tail >= 256 ** (5 - len(numbers)):
        raise AddressError("its host is not an address")
    total = tail + sum(head << (8 * (3 - place)) for place, head in enumerate(heads))
    return IPv4Address(total)


def _read_number(label: str) -> int:
    if not _NUMBER.fullmatch(label) or len(label) > 64:
        raise AddressError("its host is not an address")
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    if label.startswith("0") and len(label) > 1:
        if any(digit in "89" for digit in label):
            raise AddressError("its host is not an address")
        return int(label, 8)
    return int(label)
