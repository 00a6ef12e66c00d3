"""Every operation × everybody who might ask × every id: what the table of permissions says, happens.

Generated from the OpenAPI document and `api/permissions.py`: what is added there is asked here.
"""

import io
import json

import pytest

from callmissed.api.permissions import RULES, Rule
from callmissed.domain.principals import Role
from tests.matrix.asking import CANARY, ask, faults_of, gist
from tests.matrix.bodies import body_of
from tests.matrix.callers import (
    BARE_KEY,
    OTHER_OWNER,
    PUBLISHABLE,
    foreign_key,
    foreign_owner,
    insiders,
    nobodies,
)
from tests.matrix.digests import digest_of
from tests.matrix.objects import MALFORMED, make_id, make_ids, unknown_id
from tests.matrix.operations import OPERATIONS, Operation, shown_fields
from tests.matrix.rows import MEANT, column_takes_canary, password_hash, shown
from tests.matrix.world import Caller, Installation, World

# Finer rules than the table's: who passes it and is refused with 403 all the same.
NARROWED: dict[tuple[str, str], str] = {
    ("POST /v1/api-keys", "key with keys:write"): "may not grant the voice permissions",
}
BOUND: dict[tuple[str, str], str] = {
    ("POST /v1/voice/sessions", PUBLISHABLE): "names its own bot or none, be another there or not",
}
SUCCESS = range(200, 300)


def may(rule: Rule, kind: str) -> bool:
    """Whether the table lets this kind of caller pass."""
    if kind in set(Role):
        return Role(kind) in rule.roles
    if kind == OTHER_OWNER:
        return Role.OWNER in rule.roles
    if kind == PUBLISHABLE:
        return rule.for_keys and rule.for_browsers
    return rule.for_keys and (kind != BARE_KEY or not rule.sets)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_the_table_is_kept(installation: Installation, operation: Operation) -> None:
    world = World.make(installation)
    faults: list[str] = []
    for kind, make in insiders(operation.rule or Rule()).items():
        if operation.changes and (operation.rule is None or may(operation.rule, kind)):
            world = World.make(installation)
        caller = await make(world)
        faults += [f"as {kind}: {fault}" for fault in await _check(world, caller, operation)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_who_is_nobody_gets_nothing(installation: Installation, operation: Operation) -> None:
    faults: list[str] = []
    world = World.make(installation)
    for kind, (make, status) in nobodies().items():
        caller = await make(world)
        ids = make_ids(world, world.ours, caller, operation)
        before = digest_of(world.ours)
        answer = await ask(world, caller, operation, ids)
        faults += [f"as {kind}: {fault}" for fault in faults_of(operation, caller, answer)]
        if operation.rule is not None:
            if answer.status_code != status:
                faults.append(f"as {kind}: {answer.status_code} {answer.text[:200]}")
            if digest_of(world.ours) != before:
                faults.append(f"as {kind}: something was changed")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.rule], ids=str)
async def test_another_tenant_finds_nothing(
    installation: Installation, operation: Operation
) -> None:
    faults: list[str] = []
    world = World.make(installation)
    for make in (foreign_key, foreign_owner):
        if operation.changes:
            world = World.make(installation)
        caller = await make(world)
        ours = make_ids(world, world.ours, caller, operation)
        nothing = {param: unknown_id() for param in operation.ids}
        before = digest_of(world.ours)
        answer = await ask(world, caller, operation, ours)
        faults += [f"as {caller.kind}: {one}" for one in faults_of(operation, caller, answer)]
        if digest_of(world.ours) != before:
            faults.append(f"as {caller.kind}: something was changed")
        if not operation.ids:
            continue
        unknown = await ask(world, caller, operation, nothing)
        if gist(answer) != gist(unknown):
            faults.append(f"as {caller.kind}: {gist(answer)} differs from {gist(unknown)}")
        if any(param.place == "path" for param in operation.ids):
            allowed = may(operation.rule or Rule(), caller.kind)
            if answer.status_code != (404 if allowed else 403):
                faults.append(f"as {caller.kind}: {answer.status_code} {answer.text[:200]}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.rule], ids=str)
async def test_reading_changes_nothing_and_shows_no_secret(
    installation: Installation, operation: Operation
) -> None:
    if operation.changes:
        return
    world = World.make(installation)
    issued = len(installation.secrets)
    owner = await world.person(world.ours, Role.OWNER, Role.OWNER.value)
    world.key(world.ours, "key", "*")
    ids = make_ids(world, world.ours, owner, operation)
    # The first request notes that the person was here.
    await ask(world, owner, operation, ids)
    before = digest_of(world.ours)
    answer = await ask(world, owner, operation, ids)
    assert digest_of(world.ours) == before
    assert answer.status_code == 200
    secrets = [*installation.secrets[issued:], password_hash()]
    assert not [secret for secret in secrets if secret in answer.text]


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.body_schema], ids=str)
async def test_what_is_only_shown_cannot_be_sent(
    installation: Installation, operation: Operation
) -> None:
    """Every field of any answer, sent where it is not a field: refused by its name."""
    world = World.make(installation)
    caller = await insiders(Rule())[Role.OWNER.value](world)
    taken = set((operation.body_schema or {})["properties"])
    for name in sorted(shown_fields() - taken):
        body = (body_of(operation) or {}) | {name: None}
        path = operation.path_with(
            {
                param: make_id(world, world.ours, caller, param.name)
                for param in operation.ids
                if param.place == "path"
            }
        )
        answer = await world.ask(caller, operation.method, path, json=body)
        assert answer.status_code == 422, (name, answer.text)
        assert answer.json()["error"]["param"] == name or "more)" in answer.text


def test_the_log_tells_of_refusals(installation: Installation, log: io.StringIO) -> None:
    """Over what the tests before this one asked: each with its route and its request's id."""
    lines = [json.loads(line) for line in log.getvalue().split("\n") if line]
    told = {(line["method"], line["status"]) for line in lines if line["event"] == "request"}
    assert {("GET", 401), ("GET", 403), ("POST", 401), ("DELETE", 403)} <= told
    assert all(line["request_id"] for line in lines if line["event"] == "request")


def test_everything_that_is_documented_is_asked() -> None:
    asked = {(operation.method, operation.path) for operation in OPERATIONS}
    pages = {("GET", path) for _, path in RULES if path.startswith(("/docs", "/openapi"))}
    assert set(RULES) - asked == pages


def test_every_text_of_a_tenant_is_a_canary(installation: Installation) -> None:
    """Or is named, with what it means, in `rows.MEANT`; or takes only some words."""
    rows = installation.rows()
    for table, form in installation.catalog.items():
        if form.of_a_tenant or table == "tenants":
            assert table in rows.first
            for column in form.columns.values():
                if column_takes_canary(table, form, column):
                    assert rows.canary in str(shown(rows.first[table][column.name]))
    unknown = {
        (table, name)
        for table, name in MEANT
        if name not in installation.catalog.get(table, form).columns
    }
    assert not unknown, f"columns that are no more: {unknown}"


async def _check(world: World, caller: Caller, operation: Operation) -> list[str]:
    own = make_ids(world, world.ours, caller, operation)
    answer = await ask(world, caller, operation, own)
    faults = faults_of(operation, caller, answer)
    status, rule = answer.status_code, operation.rule
    if rule is None:
        return faults
    if not may(rule, caller.kind):
        return faults if status == 403 else [*faults, f"{status}, not 403: {answer.text[:200]}"]
    if (str(operation), caller.kind) in NARROWED:
        return faults if status == 403 else [*faults, f"{status}, not 403: {answer.text[:200]}"]
    if status not in SUCCESS:
        faults.append(f"{status} for their own: {answer.text[:300]}")
    return faults + await _check_foreign(world, caller, operation)


async def _check_foreign(world: World, caller: Caller, operation: Operation) -> list[str]:
    """Another tenant's id is answered like one that nobody has, and nothing of theirs changes."""
    faults = []
    for param in operation.ids:
        own = make_ids(world, world.ours, caller, operation)
        theirs = make_ids(world, world.theirs, caller, operation)[param]
        before = digest_of(world.theirs)
        foreign = await ask(world, caller, operation, {**own, param: theirs})
        unknown = await ask(world, caller, operation, {**own, param: unknown_id()})
        malformed = await ask(world, caller, operation, {**own, param: MALFORMED})
        for answer in (foreign, unknown, malformed):
            faults += faults_of(operation, caller, answer)
        if digest_of(world.theirs) != before:
            faults.append(f"{param.name} of another tenant: something of theirs was changed")
        if gist(foreign) != gist(unknown):
            faults.append(f"{param.name}: {gist(foreign)} differs from {gist(unknown)}")
        missing = 403 if (str(operation), caller.kind) in BOUND else 404
        if param.place != "query" and foreign.status_code != missing:
            faults.append(f"{param.name} of another tenant: {foreign.status_code}")
        if malformed.status_code not in (404, 422):
            faults.append(f"{param.name} malformed: {malformed.status_code}")
    return faults


def test_the_log_holds_no_canary_and_no_secret(
    installation: Installation, log: io.StringIO
) -> None:
    """Last: over all that the other tests of this file made the API write."""
    written = log.getvalue()
    assert written.count('"event": "request"') > len(OPERATIONS)
    assert not CANARY.findall(written)
    assert not [secret for secret in installation.secrets if secret in written]
