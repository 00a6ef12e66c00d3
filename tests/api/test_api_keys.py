"""Keys: shown once, bounded by their maker, rolled with an overlap, revoked at once."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from callmissed.api.permissions import RULES, grantable
from callmissed.domain.api_keys import PERMISSIONS
from callmissed.domain.principals import Principal, Role
from callmissed.kit.clock import rfc3339
from callmissed.kit.tokens import key_is_well_formed, mint_key
from tests.api.conftest import Installation, client_of
from tests.api.keys import PATH, SESSIONS, make_key
from tests.stories import rows

ROOT = Path(__file__).resolve().parents[2]
SOON = rfc3339(datetime.now(UTC) + timedelta(days=2))
LATER = rfc3339(datetime.now(UTC) + timedelta(days=20))


async def status_with(installation: Installation, key: str, path: str = "/v1/me") -> int:
    async with client_of(installation.app, key) as client:
        return (await client.get(path)).status_code


async def test_a_key_is_shown_once(api: httpx2.AsyncClient, installation: Installation) -> None:
    made = await make_key(api, name=" CI ", permissions=["bots:read", "voice"], rate_limit_rpm=600)
    key = made.pop("key")
    assert key_is_well_formed(key, "cm")
    assert made["masked"] == f"{key[:7]}…{key[-4:]}"
    assert made["name"] == "CI"
    assert made["permissions"] == ["bots:read", "voice"]
    assert made["last_used_at"] is made["revoked_at"] is made["expires_at"] is None
    assert await status_with(installation, key) == 200
    shown = (await api.get(f"{PATH}/{made['id']}")).json()
    assert shown.pop("last_used_at") is not None
    assert shown == {name: made[name] for name in shown}
    listed = await api.get(PATH)
    assert made["id"] in [item["id"] for item in listed.json()]
    assert key not in listed.text and int(listed.headers["x-total-count"]) >= 2
    stored = await rows(installation.house.database, "select * from api_keys")
    assert key not in str(stored)


@pytest.mark.parametrize(
    ("body", "param", "hint"),
    [
        ({"permissions": ["bot:read"]}, "permissions", "bots:read"),
        ({"permissions": []}, "permissions", "Name what"),
        ({}, "permissions", "Name what"),
        ({"permissions": ["*"], "name": "  "}, "name", ""),
        ({"permissions": ["*"], "name": "a\nb"}, "name", ""),
        ({"permissions": ["*"], "expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "to come"),
        ({"permissions": ["*"], "expires_at": "tomorrow"}, "expires_at", ""),
        ({"permissions": ["*"], "expires_at": 1893456000}, "expires_at", ""),
        ({"permissions": ["*"], "expires_at": "2030-01-01T00:00:00"}, "expires_at", ""),
        ({"permissions": ["*"], "expires_at": "9999-12-31T23:59:59-01:00"}, "expires_at", ""),
        ({"permissions": ["*"], "allowed_models": ["kimi-k2"]}, "allowed_models", "kimi-k2.5"),
        ({"permissions": ["*"], "allowed_models": []}, "allowed_models", ""),
        ({"permissions": ["*"], "allowed_domains": ["https://a.example"]}, "allowed_domains.0", ""),
        ({"permissions": ["*"], "allowed_domains": ["*.com"]}, "allowed_domains.0", ""),
        ({"permissions": ["*"], "allowed_domains": ["*"]}, "allowed_domains.0", ""),
        ({"permissions": ["*"], "rate_limit_rpm": 0}, "rate_limit_rpm", ""),
        ({"permissions": ["*"], "rate_limit_rpm": "60"}, "rate_limit_rpm", ""),
        ({"permissions": ["*"], "budget_limit": 5}, "budget_limit", ""),
        ({"permissions": ["*"], "bot_id": str(uuid4())}, "bot_id", "Leave bot_id out"),
        ({"kind": "publishable", "allowed_domains": ["a.example"]}, "bot_id", "bot_id"),
        ({"kind": "publishable", "bot_id": str(uuid4())}, "allowed_domains", "at least one"),
        (
            {
                "kind": "publishable",
                "bot_id": str(uuid4()),
                "allowed_domains": ["a.example"],
                "permissions": ["*"],
            },
            "permissions",
            "Leave permissions out",
        ),
    ],
)
async def test_a_wrong_key_is_422_with_its_field(
    api: httpx2.AsyncClient, any_error: Any, body: dict[str, Any], param: str, hint: str
) -> None:
    error = any_error(await api.post(PATH, json={"name": "x"} | body), 422, "invalid_value")
    assert error["param"] == param
    assert hint in error["hint"]


async def test_a_page_key_needs_a_bot_of_the_tenant(
    installation: Installation, stranger: httpx2.AsyncClient, any_error: Any
) -> None:
    body = {
        "name": "x",
        "kind": "publishable",
        "bot_id": str(installation.first.bot_id),
        "allowed_domains": ["a.example"],
    }
    assert any_error(await stranger.post(PATH, json=body), 404, "not_found")["param"] == "bot_id"


MAKER = {
    "permissions": ["keys:write", "bots:write", "stt"],
    "allowed_models": ["kimi-k2.5", "saaras:v3"],
    "allowed_domains": ["*.shop.example", "shop.example"],
    "rate_limit_rpm": 1000,
    "expires_at": SOON,
}
WITHIN = {
    "permissions": ["bots:read"],
    "allowed_models": ["kimi-k2.5"],
    "allowed_domains": ["www.shop.example:8443"],
    "rate_limit_rpm": 1000,
    "expires_at": SOON,
}
BEYOND = [
    ("permissions", ["*"]),
    ("permissions", ["voice"]),
    ("permissions", ["bots:write", "people:write"]),
    ("permissions", ["audit:read"]),
    ("allowed_models", None),
    ("allowed_models", ["kimi-k2.5", "bulbul:v3"]),
    ("allowed_domains", []),
    ("allowed_domains", ["shop.example", "evil.example"]),
    ("allowed_domains", ["*.example.com"]),
    ("rate_limit_rpm", None),
    ("rate_limit_rpm", 1001),
    ("expires_at", None),
    ("expires_at", LATER),
]


async def test_a_key_makes_keys_within_its_own_terms_only(
    api: httpx2.AsyncClient, installation: Installation, any_error: Any
) -> None:
    maker = await make_key(api, **MAKER)
    async with client_of(installation.app, maker["key"]) as client:
        child = await make_key(client, **WITHIN)
        assert child["parent_id"] == maker["id"]
        for field, value in BEYOND:
            answer = await client.post(PATH, json={"name": "x"} | WITHIN | {field: value})
            assert any_error(answer, 403, "permission_denied")["param"] == field, value
            answer = await client.patch(f"{PATH}/{child['id']}", json={field: value})
            assert any_error(answer, 403, "permission_denied")["param"] == field, value


async def test_a_key_cannot_change_roll_or_revoke_a_greater_one(
    api: httpx2.AsyncClient, installation: Installation, any_error: Any
) -> None:
    whole = await make_key(api)
    narrow = await make_key(api, permissions=["keys:write"])
    target = f"{PATH}/{whole['id']}"
    async with client_of(installation.app, narrow["key"]) as client:
        for answer in (
            await client.post(f"{target}/roll", json={"overlap_seconds": 0}),
            await client.patch(target, json={"permissions": ["keys:write"]}),
            await client.patch(target, json={"name": "mine"}),
            await client.delete(target),
            await client.patch(f"{PATH}/{narrow['id']}", json={"permissions": ["*"]}),
        ):
            any_error(answer, 403, "permission_denied")
    assert await status_with(installation, whole["key"]) == 200


async def test_without_keys_write_no_key_is_made(
    api: httpx2.AsyncClient, installation: Installation, any_error: Any
) -> None:
    reader = await make_key(api, permissions=["keys:read", "voice", "bots:write"])
    async with client_of(installation.app, reader["key"]) as client:
        assert (await client.get(PATH)).status_code == 200
        answer = await client.post(PATH, json={"name": "x", "permissions": ["stt"]})
        any_error(answer, 403, "permission_denied")
        any_error(await client.delete(f"{PATH}/{reader['id']}"), 403, "permission_denied")


async def test_revoking_a_key_ends_what_was_made_with_it(
    api: httpx2.AsyncClient, installation: Installation, any_error: Any
) -> None:
    first = await make_key(api, permissions=["keys:write"])
    async with client_of(installation.app, first["key"]) as client:
        second = await make_key(client, permissions=["keys:write"])
    async with client_of(installation.app, second["key"]) as client:
        third = await make_key(client, permissions=["keys:read"])
    other = await make_key(api)
    assert (await api.delete(f"{PATH}/{first['id']}")).status_code == 204
    assert (await api.delete(f"{PATH}/{first['id']}")).status_code == 204
    for ended in (first, second, third):
        async with client_of(installation.app, ended["key"]) as client:
            any_error(await client.get("/v1/models"), 401, "invalid_api_key")
        assert (await api.get(f"{PATH}/{ended['id']}")).json()["revoked_at"] is not None
    assert await status_with(installation, other["key"]) == 200
    listed = {item["id"] for item in (await api.get(f"{PATH}?limit=200")).json()}
    assert other["id"] in listed and third["id"] not in listed
    whole = (await api.get(f"{PATH}?limit=200&include_revoked=true")).json()
    assert third["id"] in {item["id"] for item in whole}
    noted = (await api.get("/v1/audit-log?action=api_key.revoked&limit=3")).json()
    assert {entry["target"] for entry in noted} == {item["id"] for item in (first, second, third)}


async def test_a_rolled_key_lives_until_the_overlap_is_over(
    api: httpx2.AsyncClient, installation: Installation, any_error: Any
) -> None:
    old = await make_key(api, permissions=["keys:write", "bots:read"], rate_limit_rpm=500)
    async with client_of(installation.app, old["key"]) as client:
        child = await make_key(client, permissions=["bots:read"], rate_limit_rpm=5)
    answer = await api.post(f"{PATH}/{old['id']}/roll", json={"overlap_seconds": 3600})
    assert answer.status_code == 201
    new = answer.json()
    same = ("name", "kind", "permissions", "rate_limit_rpm", "expires_at", "allowed_domains")
    assert [new[field] for field in same] == [old[field] for field in same]
    assert new["key"] != old["key"]
    for key in (old["key"], new["key"]):
        assert await status_with(installation, key) == 200
    shown = (await api.get(f"{PATH}/{old['id']}")).json()
    assert shown["replaced_by"] == new["id"]
    ends_at = datetime.fromisoformat(shown["revoked_at"])
    assert timedelta(minutes=59) < ends_at - datetime.now(UTC) < timedelta(minutes=61)
    again = await api.post(f"{PATH}/{old['id']}/roll", json={"overlap_seconds": 0})
    assert new["id"] in any_error(again, 409, "conflict")["hint"]
    await _let_overlap_end(installation, UUID(old["id"]))
    assert await status_with(installation, old["key"]) == 401
    assert await status_with(installation, new["key"]) == 200
    assert (await api.get(f"{PATH}/{child['id']}")).json()["parent_id"] == new["id"]
    assert await status_with(installation, child["key"]) == 200


async def test_a_roll_without_overlap_ends_the_old_key_at_once(
    api: httpx2.AsyncClient, installation: Installation
) -> None:
    old = await make_key(api)
    assert await status_with(installation, old["key"]) == 200
    answer = await api.post(f"{PATH}/{old['id']}/roll", json={"overlap_seconds": 0})
    assert await status_with(installation, old["key"]) == 401
    assert await status_with(installation, answer.json()["key"]) == 200


@pytest.mark.parametrize("body", [{}, {"overlap_seconds": -1}, {"overlap_seconds": 604_801}])
async def test_an_overlap_is_given_and_bounded(
    api: httpx2.AsyncClient, any_error: Any, body: dict[str, int]
) -> None:
    old = await make_key(api)
    answer = await api.post(f"{PATH}/{old['id']}/roll", json=body)
    any_error(answer, 422, "invalid_value")


async def test_an_ended_key_stays_as_it_is(api: httpx2.AsyncClient, any_error: Any) -> None:
    ended = await make_key(api)
    await api.delete(f"{PATH}/{ended['id']}")
    patched = await api.patch(f"{PATH}/{ended['id']}", json={"name": "alive"})
    any_error(patched, 409, "conflict")
    rolled = await api.post(f"{PATH}/{ended['id']}/roll", json={"overlap_seconds": 1})
    any_error(rolled, 409, "conflict")


async def test_a_change_holds_from_the_next_request_on(
    api: httpx2.AsyncClient, installation: Installation
) -> None:
    key = await make_key(api, permissions=["*"])
    assert await status_with(installation, key["key"], "/v1/bots") == 200
    narrowed = await api.patch(f"{PATH}/{key['id']}", json={"permissions": ["keys:read"]})
    assert narrowed.json()["permissions"] == ["keys:read"]
    assert await status_with(installation, key["key"], "/v1/bots") == 403
    same = await api.patch(f"{PATH}/{key['id']}", json={})
    assert same.json() == (await api.get(f"{PATH}/{key['id']}")).json()


async def test_an_expired_key_is_unknown(
    api: httpx2.AsyncClient, installation: Installation
) -> None:
    key = await make_key(api, expires_at=SOON)
    assert await status_with(installation, key["key"]) == 200
    await rows(
        installation.house.database,
        f"update api_keys set expires_at = now() where id = '{key['id']}' returning id",
    )
    assert await status_with(installation, key["key"]) == 401


async def test_a_repeated_request_gets_the_same_key(
    api: httpx2.AsyncClient, installation: Installation, any_error: Any
) -> None:
    once = {"Idempotency-Key": uuid4().hex}
    body = {"name": "once", "permissions": ["keys:write"]}
    first = await api.post(PATH, json=body, headers=once)
    again = await api.post(PATH, json=body, headers=once)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = await api.post(PATH, json=body | {"name": "twice"}, headers=once)
    any_error(other, 422, "idempotency_mismatch")
    async with client_of(installation.app, first.json()["key"]) as client:
        any_error(await client.post(PATH, json=body, headers=once), 422, "idempotency_mismatch")
    stored = await rows(installation.house.database, "select * from idempotency_keys")
    assert first.json()["key"] not in str(stored)


async def test_a_stranger_finds_no_key(
    api: httpx2.AsyncClient, stranger: httpx2.AsyncClient, any_error: Any
) -> None:
    key = await make_key(api)
    path = f"{PATH}/{key['id']}"
    for answer in (
        await stranger.get(path),
        await stranger.patch(path, json={"name": "mine"}),
        await stranger.delete(path),
        await stranger.post(f"{path}/roll", json={"overlap_seconds": 0}),
    ):
        any_error(answer, 404, "not_found")


async def test_allowed_models_bound_a_session(
    api: httpx2.AsyncClient, installation: Installation, any_error: Any
) -> None:
    all_three = ["kimi-k2.5", "saaras:v3", "bulbul:v3"]
    for models, status in ((all_three, 201), (all_three[:2], 403), (["local/flite"], 403)):
        key = await make_key(api, permissions=["voice"], allowed_models=models)
        async with client_of(installation.app, key["key"]) as client:
            answer = await client.post(SESSIONS, json={})
        assert answer.status_code == status, answer.text
        if status == 403:
            assert models[0] in any_error(answer, 403, "permission_denied")["hint"]


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("https://shop.example", 200),
        ("http://SHOP.example:8080", 200),
        ("https://www.shop.example", 403),
        ("https://shop.example.evil.example", 403),
        ("https://evil-shop.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
async def test_a_secret_key_with_domains_is_bound_to_their_pages(
    api: httpx2.AsyncClient, installation: Installation, origin: str | None, status: int
) -> None:
    key = await make_key(api, allowed_domains=["shop.example"])
    headers = {} if origin is None else {"Origin": origin}
    async with client_of(installation.app, key["key"]) as client:
        answer = await client.get("/v1/me", headers=headers)
    assert answer.status_code == status
    if origin:
        assert answer.headers["access-control-allow-origin"] == "*"


async def test_every_change_of_keys_is_in_the_audit_log(api: httpx2.AsyncClient) -> None:
    key = await make_key(api, name="audited")
    await api.patch(f"{PATH}/{key['id']}", json={"rate_limit_rpm": 5})
    rolled = (await api.post(f"{PATH}/{key['id']}/roll", json={"overlap_seconds": 9})).json()
    await api.delete(f"{PATH}/{rolled['id']}")
    me = (await api.get("/v1/me")).json()["key"]["id"]
    log = (await api.get("/v1/audit-log?limit=4")).json()
    assert [(entry["action"], entry["target"]) for entry in reversed(log)] == [
        ("api_key.created", key["id"]),
        ("api_key.changed", key["id"]),
        ("api_key.rolled", rolled["id"]),
        ("api_key.revoked", rolled["id"]),
    ]
    assert {entry["actor"]["id"] for entry in log} == {me}
    assert key["key"] not in str(log)


async def _let_overlap_end(installation: Installation, key_id: UUID) -> None:
    await rows(
        installation.house.database,
        f"update api_keys set revoked_at = now() where id = '{key_id}' returning id",
    )


def test_the_published_pattern_finds_every_key() -> None:
    guide = (ROOT / "docs" / "guides" / "keys.md").read_text("utf-8")
    pattern = next(line for line in guide.splitlines() if line.startswith("\\b"))
    for prefix in ("cm", "cmp"):
        for _ in range(100):
            key = mint_key(prefix)
            assert re.findall(pattern, f'{{"key":"{key}"}}') == [key]
    assert not re.findall(pattern, f"cm_{'a' * 37} cmr_{'a' * 36} xcm_{'a' * 36}")


def test_every_permission_of_the_table_is_in_the_catalogue_and_back() -> None:
    needed = {name for rule in RULES.values() if rule for names in rule.sets for name in names}
    assert needed <= PERMISSIONS.keys()
    assert PERMISSIONS.keys() - needed == {"*", "voice"}


@pytest.mark.parametrize(
    ("role", "grants_all", "lacks"),
    [
        (Role.OWNER, True, set()),
        (Role.ADMIN, True, set()),
        (Role.MEMBER, False, {"*", "keys:write", "people:write"}),
        (Role.ATTENDANT, False, {"*", "keys:write", "stt"}),
    ],
)
def test_a_person_grants_what_their_role_may_do(
    role: Role, grants_all: bool, lacks: set[str]
) -> None:
    granted = grantable(Principal(uuid4(), uuid4(), role, None, frozenset()))
    assert ("*" in granted) is grants_all
    assert not lacks & granted
