"""Of ten thousand forged credentials none is taken, and a mistyped key costs no query."""

import asyncio
import json
import random
from collections.abc import Iterator

import pytest
from sqlalchemy import event

from callmissed.domain.principals import Role
from callmissed.kit.tokens import mint_key
from tests.conftest import LiveKit
from tests.fuzz.forgeries import (
    LiveKitKey,
    forged_tokens,
    livekit_tokens,
    mutated_keys,
    mutated_tokens,
    with_checksum,
)
from tests.fuzz.raw import RawRequest, address_number, send_raw
from tests.fuzz.scale import scaled
from tests.matrix.world import Installation, World

FORGERIES = 10_000
MISTYPED = scaled(20_000, 100_000)
AT_ONCE = 8
REFUSED = {401, 422}


def bearer(token: str) -> RawRequest:
    headers = [(b"authorization", b"Bearer " + token.encode())]
    return RawRequest("GET", b"/v1/me", headers=headers)


def cookie(token: str) -> RawRequest:
    headers = [(b"cookie", b"cm_refresh=" + token.encode())]
    return RawRequest("POST", b"/v1/auth/refresh", headers=headers)


def link(secret: str) -> RawRequest:
    body = json.dumps({"link_secret": secret}).encode()
    return RawRequest("POST", b"/v1/auth/claim", pieces=[body])


class Forger:
    """Holds one good credential of each kind, and makes the bad ones from them."""

    def __init__(self, dice: random.Random, world: World, livekit: LiveKitKey) -> None:
        self.dice = dice
        self.world = world
        self.livekit = livekit

    async def make(self) -> Iterator[RawRequest]:
        world, before = self.world, len(self.world.installation.secrets)
        owner = await world.person(world.ours, Role.OWNER, "owner")
        link_secret, token, refresh, *_ = world.installation.secrets[before:]
        key = world.key(world.ours, "key", "*").headers["Authorization"].removeprefix("Bearer ")
        self.good = [bearer(token), bearer(key)]
        assert owner.person_id is not None
        return self._bad(key, token, refresh, link_secret)

    def _bad(self, key: str, token: str, refresh: str, link_secret: str) -> Iterator[RawRequest]:
        keyring = self.world.installation.house.keyring
        forged = list(forged_tokens(token, keyring, self.livekit))
        others = (token, refresh, key, link_secret)
        for secret in (refresh, link_secret, f"{key} {key}", f"{token}.{key}"):
            yield bearer(secret)
        for secret in others:
            if secret != refresh:
                yield cookie(secret)
            yield link(secret)
        yield from map(bearer, forged)
        yield from map(cookie, forged)
        room = self.world.installation.house.rooms.agent_token("voice-x")
        yield bearer(room)
        yield from map(bearer, mutated_tokens(self.dice, room, 300))
        yield from map(bearer, mutated_tokens(self.dice, token, 3400))
        yield from map(bearer, mutated_keys(self.dice, key, 3600))
        yield from map(cookie, mutated_keys(self.dice, refresh, 1400))
        yield from map(link, mutated_keys(self.dice, link_secret, 1200))


@pytest.mark.timeout(1800)
async def test_no_forged_credential_is_taken(
    installation: Installation, livekit: LiveKit, dice: random.Random
) -> None:
    world = World.make(installation)
    forger = Forger(dice, world, LiveKitKey(livekit.key, livekit.secret))
    waiting = await forger.make()
    taken: list[RawRequest] = []
    count = 0

    async def try_some() -> None:
        nonlocal count
        for request in waiting:
            count += 1
            request.address = address_number(count)
            answer = await send_raw(installation.app, request)
            if answer.status not in REFUSED:
                taken.append(request)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(try_some())
    assert not taken, (len(taken), taken[:3])
    assert count >= FORGERIES
    for request in forger.good:
        assert (await send_raw(installation.app, request)).status == 200


@pytest.mark.timeout(1800)
async def test_a_key_with_a_wrong_checksum_costs_no_query(
    installation: Installation, dice: random.Random
) -> None:
    queries: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        queries.append(statement)

    engine = installation.house.database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        right = mint_key("cm")
        for number in range(MISTYPED):
            key = mistyped(dice, right)
            request = bearer(key)
            request.address = address_number(number // 50)
            answer = await send_raw(installation.app, request)
            assert answer.status in (401, 429), key
        assert queries == []
        assert (await send_raw(installation.app, bearer(right))).status == 401
        assert queries, "a well-formed key is looked up: the count counts"
    finally:
        event.remove(engine, "before_cursor_execute", note)


def mistyped(dice: random.Random, key: str) -> str:
    """Random characters and another checksum than theirs."""
    body = "cm_" + "".join(dice.choices(key[3:], k=30))
    wrong = with_checksum(body)
    tail = "".join(
        dice.choices("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", k=6)
    )
    return body + tail if body + tail != wrong else body + tail[::-1] + "x"


def test_what_livekit_signs_is_among_the_forgeries() -> None:
    tokens = list(livekit_tokens(LiveKitKey("k", "s" * 32), {"sub": "x"}))
    assert len(tokens) == len(set(tokens)) == 6
