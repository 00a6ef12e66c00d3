"""A customer's URL is judged by where its name leads now; a name that leads nowhere passes."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from callmissed.domain.errors import Kind, Refusal
from callmissed.kit.addresses import Address
from callmissed.services.outbound import Resolver, check_url

NAMES = {
    "public.example.com": ["93.184.216.34", "2606:2800::1"],
    "mixed.example.com": ["93.184.216.34", "10.0.0.5"],
    "metadata.example.com": ["169.254.169.254"],
    "mapped.example.com": ["::ffff:127.0.0.1"],
    "ollama": ["10.9.0.7"],
    "hooks.internal": ["10.9.0.8"],
    "odd.internal": ["93.184.216.34"],
}


async def resolve(name: str) -> Sequence[Address]:
    if name not in NAMES:
        raise OSError("no such name")
    return [ip_address(text) for text in NAMES[name]]


async def is_refused(url: str, allowed: Sequence[str] = ()) -> bool:
    try:
        await check_url(url, [ip_network(cidr) for cidr in allowed], resolve, param="webhook_url")
    except Refusal as refusal:
        return (refusal.kind, refusal.param) == (Kind.INVALID_VALUE, "webhook_url")
    return False


@pytest.mark.parametrize("name", ["public.example.com", "your-app.com", "nowhere.example.com"])
async def test_public_and_unknown_names_pass(name: str) -> None:
    assert not await is_refused(f"https://{name}/hook")


@pytest.mark.parametrize(
    "name", ["mixed.example.com", "metadata.example.com", "mapped.example.com"]
)
async def test_one_internal_address_is_enough(name: str) -> None:
    assert await is_refused(f"https://{name}/hook")


@pytest.mark.parametrize("name", ["ollama", "hooks.internal", "odd.internal", "localhost", "db"])
async def test_names_inside_a_network_are_refused(name: str) -> None:
    assert await is_refused(f"http://{name}/")


async def test_an_allowed_network_admits_its_names() -> None:
    assert not await is_refused("http://ollama:11434/", ["10.9.0.0/16"])
    assert not await is_refused("http://hooks.internal/", ["10.9.0.0/16"])
    assert not await is_refused("http://10.9.0.1/", ["10.9.0.0/16"])
    assert await is_refused("http://localhost/", ["10.9.0.0/16"])
    assert await is_refused("http://10.8.0.1/", ["10.9.0.0/16"])


async def test_a_slow_name_server_is_not_waited_for() -> None:
    async def never(name: str) -> Sequence[Address]:
        await asyncio.Event().wait()
        return ()

    async def limited(name: str) -> Sequence[Address]:
        return await asyncio.wait_for(never(name), 0.01)

    await check_url("https://your-app.com/", [], limited, param="webhook_url")


async def test_the_machine_s_own_names_are_resolved() -> None:
    resolver = Resolver()
    try:
        assert all(address.is_loopback for address in await resolver("localhost"))
    finally:
        resolver.close()
