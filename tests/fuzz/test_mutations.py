"""Broken requests by the thousand: none crashes the API, none hangs it."""

import json
import random
import traceback
from collections import Counter

import pytest

from tests.fuzz.mutations import mutants
from tests.fuzz.raw import HANGS_AFTER_S, RawRequest, address_number, send_raw
from tests.fuzz.scale import scaled
from tests.matrix.asking import CANARY
from tests.matrix.callers import FULL_KEY
from tests.matrix.world import Installation, World

MUTANTS = scaled(3_000, 100_000)
A_WORLD = 500
# What may be answered with 503: nobody is at fault, and the answer says when to try again.
BUSY = {"at_capacity", "provider_unavailable", "unavailable"}


@pytest.mark.timeout(1800)
async def test_no_broken_request_crashes_or_hangs(
    installation: Installation, dice: random.Random
) -> None:
    statuses: Counter[int | None] = Counter()
    for turn in range(MUTANTS // A_WORLD):
        world = World.make(installation)
        caller = world.key(world.ours, FULL_KEY, "*")
        for number, request in enumerate(mutants(dice, world, caller, A_WORLD)):
            request.address = address_number(turn * A_WORLD + number)
            statuses[await answered(installation, world, request)] += 1
    print(f"{sum(statuses.values())} requests: {dict(statuses.most_common())}")
    assert sum(statuses.values()) == MUTANTS
    # Signed requests get through to the work, broken as they are.
    assert statuses[422] > MUTANTS // 20 and statuses[200] > MUTANTS // 50


FOUND = {
    "a query that is no text, for a method that is not there": RawRequest(
        "X", b"/v1/tenant", b"x=\xff\xfe"
    ),
    "a cookie from an origin that is no address": RawRequest(
        "POST",
        b"/v1/auth/refresh",
        headers=[(b"cookie", b"cm_refresh=x"), (b"origin", b"https://[::1")],
    ),
}


@pytest.mark.parametrize("request_", FOUND.values(), ids=FOUND)
async def test_what_once_crashed_does_not(installation: Installation, request_: RawRequest) -> None:
    answer = await send_raw(installation.app, request_)
    assert answer.status in (401, 405)


async def answered(installation: Installation, world: World, request: RawRequest) -> int | None:
    """The status of a right answer: no crash, in time, nobody else's words."""
    try:
        answer = await send_raw(installation.app, request)
    except Exception:
        pytest.fail(f"{request}\n{traceback.format_exc()}")
    assert answer.took_s < HANGS_AFTER_S, request
    assert answer.status is not None or request.leaves, request
    if answer.status == 503:
        assert json.loads(answer.body)["error"]["code"] in BUSY, (request, answer.body)
    else:
        assert (answer.status or 0) < 500, (request, answer.body)
    told = set(CANARY.findall(answer.body.decode("utf-8", "replace")))
    assert told <= {world.ours.canary}, request
    return answer.status
