"""No notation of an internal address passes: ten thousand made URLs against an oracle of its own."""

import random
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest

from callmissed.kit.addresses import (
    AddressError,
    is_internal_name,
    is_public,
    may_connect,
    parse_target,
)

URLS = 10_000
SPECIAL = """0.0.0.0 0.255.255.255 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.255
169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.0.9 192.0.2.7 192.88.99.1 192.168.1.1
198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.9 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
:: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe
64:ff9b:1::a00:1 2001::1 2001:1ff::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe:: 3fff::1 5f00::1
fc00::1 fd12::1 fe80::1 fec0::1 ff02::1 100::1""".split()  # noqa: SIM905
PUBLIC = """1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0
198.17.255.255 198.20.0.0 203.0.112.255 203.0.114.0 223.255.255.255 2001:200::1
2001:4860:4860::8888 2003::1 2606:4700::1111 2a00:1450::1 3ffe::1""".split()  # noqa: SIM905


@pytest.mark.parametrize("text", SPECIAL)
def test_special_addresses_are_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_the_rest_is_public(text: str) -> None:
    assert is_public(ip_address(text))


def test_ten_thousand_urls_agree_with_the_oracle() -> None:
    """The oracle knows the address that was written and asks bits, not networks."""
    rng = random.Random(20261121)
    for _ in range(URLS):
        address = _some_address(rng)
        url = _some_url(rng, _written(rng, address))
        target = parse_target(url)
        assert target.address == address, url
        assert may_connect(address) == _oracle(address), url


def test_garbage_is_refused_and_never_a_crash() -> None:
    rng = random.Random(7)
    alphabet = "http://[]@:%#?&.-_0x1279abf１。\\ \t\n\x00é٣ßlocalhost"
    for _ in range(URLS):
        url = "http://" + "".join(rng.choices(alphabet, k=rng.randint(0, 24)))
        try:
            target = parse_target(url)
        except AddressError:
            continue
        assert target.host.isascii()
        assert "@" not in url.split("/")[2].split("?")[0].split("#")[0]


@pytest.mark.parametrize(
    "url",
    [
        "http://256.1.1.1",
        "http://1.2.3.4.5",
        "http://1.2.3.256",
        "http://0x100000000",
        "http://08",
        "http://a.0x7f",
        "http://example.123",
        "http://%31%32%37.0.0.1",
        "http://[::1%eth0]",
        "http://[v1.fe]",
        "http://[127.0.0.1]",
        "http://a..b.com",
        "http://-a.com",
        "http://a_b.com:http",
        "http:example.com",
        "http:/example.com",
        "http:///example.com",
        "https://example.com@127.0.0.1",
        "file:///etc/passwd",
        "gopher://example.com",
        "",
    ],
)
def test_a_url_that_names_no_host_is_refused(url: str) -> None:
    with pytest.raises(AddressError):
        parse_target(url)


def test_names_are_read_as_clients_read_them() -> None:
    assert parse_target("HTTPS://Your-App.COM./x?y#z").host == "your-app.com"
    assert parse_target("http://ｅxample。com").host == "example.com"
    assert parse_target("http://भारत.example").host == "xn--h2brj9c.example"
    assert parse_target("https://your-app.com").port == 443


@pytest.mark.parametrize(
    "name", ["localhost", "a.localhost", "db", "x.local", "y.internal", "r.lan"]
)
def test_names_inside_a_network_are_told_apart(name: str) -> None:
    assert is_internal_name(name)
    assert not is_internal_name(f"{name}.example.com")


def test_an_allowed_network_opens_itself_only() -> None:
    allowed = [ip_network("10.1.0.0/16"), ip_network("fd00:5::/32")]
    assert may_connect(ip_address("10.1.2.3"), allowed)
    assert may_connect(ip_address("::ffff:10.1.2.3"), allowed)
    assert may_connect(ip_address("fd00:5::1"), allowed)
    assert not may_connect(ip_address("10.2.0.1"), allowed)
    assert not may_connect(ip_address("::ffff:10.2.0.1"), allowed)


def _some_address(rng: random.Random) -> IPv4Address | IPv6Address:
    if rng.random() < 0.4:
        base = ip_address(rng.choice(SPECIAL + PUBLIC))
        moved = (int(base) + rng.randint(-2, 2)) % 2**base.max_prefixlen
        return type(base)(moved)
    return IPv4Address(rng.getrandbits(32)) if rng.random() < 0.7 else _some_v6(rng)


def _some_v6(rng: random.Random) -> IPv6Address:
    prefix = rng.choice([0x2001, 0x2002, 0x3FFF, 0xFE80, 0x0064, 0, 0x2A00, rng.getrandbits(16)])
    return IPv6Address((prefix << 112) | rng.getrandbits(112))


def _written(rng: random.Random, address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address):
        return f"[{rng.choice([address.compressed, address.exploded.upper()])}]"
    parts = [int(part) for part in str(address).split(".")]
    kept = rng.randint(0, 3)
    tail = int.from_bytes(bytes(parts[kept:]), "big")
    host = ".".join(_number(rng, value) for value in (*parts[:kept], tail))
    if rng.random() < 0.2:
        host = host.translate(str.maketrans("0123456789.", "０１２３４５６７８９。"))
    return host + rng.choice(["", "", "."])


def _number(rng: random.Random, value: int) -> str:
    return rng.choice([str(value), f"0{value:o}", hex(value), f"0X{value:X}", f"0x00{value:x}"])


def _some_url(rng: random.Random, host: str) -> str:
    scheme = rng.choice(["http", "https", "HTTP"])
    return f"{scheme}://{host}{rng.choice(['', ':8080', ':443'])}{rng.choice(['', '/', '/a@b', '?@', '#x'])}"


def _oracle(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        bits = int(address)
        if bits >> 125 != 1:
            return False
        first, second = bits >> 112, (bits >> 96) & 0xFFFF
        if first == 0x2001 and (second < 0x200 or second == 0xDB8):
            return False
        return first != 0x2002 and not (first == 0x3FFF and second < 0x1000)
    a, b, c, _ = address.packed
    inside = a in (0, 10, 127) or a >= 224 or (a, b) in ((169, 254), (192, 168))
    inside |= (a == 100 and 64 <= b < 128) or (a == 172 and 16 <= b < 32)
    inside |= (a == 198 and b in (18, 19)) or (a, b, c) in (
        (192, 0, 0),
        (192, 0, 2),
        (192, 88, 99),
        (198, 51, 100),
        (203, 0, 113),
    )
    return not inside
