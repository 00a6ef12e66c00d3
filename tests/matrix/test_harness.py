"""The matrix itself: what it must find, it finds."""

from dataclasses import replace

import httpx2
import pytest

from callmissed.api.routes import guarded_router
from tests.matrix.asking import ask, faults_of, gist
from tests.matrix.callers import FULL_KEY, foreign_key
from tests.matrix.digests import digest_of
from tests.matrix.objects import make_ids
from tests.matrix.operations import OPERATIONS, IdParam, Operation
from tests.matrix.world import Installation, World


def named(name: str) -> Operation:
    return next(one for one in OPERATIONS if str(one) == name)


def test_a_route_without_a_row_in_the_table_stops_the_start() -> None:
    with pytest.raises(LookupError, match=r"POST /v1/forgotten is not in"):
        guarded_router("new").post("/v1/forgotten")(lambda: None)


def test_an_id_that_nobody_can_make_fails(installation: Installation) -> None:
    world = World.make(installation)
    unheard = replace(named("GET /v1/bots"), ids=(IdParam("heron_id", "path"),))
    with pytest.raises(LookupError, match="no factory for the parameter 'heron_id'"):
        make_ids(world, world.ours, None, unheard)


def test_ids_in_path_query_and_body_are_seen() -> None:
    assert named("GET /v1/bots/{bot_id}").ids == (IdParam("bot_id", "path"),)
    assert named("GET /v1/audit-log").ids == (IdParam("actor", "query"),)
    assert IdParam("bot_id", "body") in named("POST /v1/voice/sessions").ids


async def test_a_tenant_sees_its_own_canary_and_another_ones_is_a_fault(
    installation: Installation,
) -> None:
    world, operation = World.make(installation), named("GET /v1/bots/{bot_id}")
    own = world.key(world.ours, FULL_KEY, "*")
    answer = await ask(world, own, operation, make_ids(world, world.ours, own, operation))
    assert world.ours.canary in answer.text and not faults_of(operation, own, answer)
    for reader in (await foreign_key(world), None):
        (fault,) = faults_of(operation, reader, answer)
        assert "another tenant's words" in fault


def test_an_answer_that_is_not_documented_is_a_fault() -> None:
    operation = named("GET /v1/bots")
    assert faults_of(operation, None, httpx2.Response(418, json={"error": {}}))
    assert faults_of(operation, None, httpx2.Response(404, json={"detail": "x"}))


def test_two_refusals_differ_by_their_words_and_not_by_their_request() -> None:
    def refusal(message: str, request_id: str) -> httpx2.Response:
        return httpx2.Response(404, json={"error": {"message": message, "request_id": request_id}})

    assert gist(refusal("No bot.", "a")) == gist(refusal("No bot.", "b"))
    assert gist(refusal("No bot.", "a")) != gist(refusal("Not your bot.", "a"))


def test_a_changed_row_changes_its_tenants_digest_only(installation: Installation) -> None:
    world = World.make(installation)
    ours, theirs = digest_of(world.ours), digest_of(world.theirs)
    installation.connection.execute(
        "update bots set name = 'planted' where tenant_id = %s", [world.ours.tenant_id]
    )
    assert digest_of(world.ours)["bots"] != ours["bots"]
    assert digest_of(world.theirs) == theirs
