"""`/v1/tenant`, and what a suspended tenant's credentials still do: nothing."""

from typing import Any

import httpx2
import pytest

from callmissed.domain.audit import SYSTEM
from callmissed.domain.principals import Role
from callmissed.services.auth import principal_of_key
from callmissed.services.tenants import create_tenant, resume_tenant, suspend_tenant
from tests.api.conftest import Installation, client_of
from tests.api.test_deletions import work_off
from tests.people import a_person


async def a_key(installation: Installation, name: str = "Acme") -> str:
    """Of a new tenant."""
    house = installation.house
    async with house.database.system() as db:
        _, key = await create_tenant(db, house.keyring, name)
    return key


async def test_a_tenant_reads_and_changes_its_settings(installation: Installation) -> None:
    async with client_of(installation.app, await a_key(installation)) as client:
        shown = (await client.get("/v1/tenant")).json()
        assert (shown["name"], shown["plan"], shown["retention_days"]) == (
            "Acme",
            "enterprise",
            None,
        )
        changed = await client.patch("/v1/tenant", json={"retention_days": 30})
        assert changed.json() == {**shown, "retention_days": 30}
        await client.patch("/v1/tenant", json={"name": "Acme Ltd"})
        kept = await client.patch("/v1/tenant", json={"retention_days": None})
        assert kept.json() == {**shown, "name": "Acme Ltd"}
        log = (await client.get("/v1/audit-log", params={"action": "tenant.updated"})).json()
        assert [entry["details"] for entry in log] == [
            {"retention_days": "keep"},
            {"name": "Acme Ltd"},
            {"retention_days": "30"},
        ]
        assert log[0]["actor"]["kind"] == "key"
        assert log[0]["request_id"] == kept.headers["x-request-id"]
        assert log[0]["address"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("retention_days", 0),
        ("retention_days", 3651),
        ("retention_days", "30"),
        ("name", ""),
        ("name", " "),
        ("name", None),
        ("name", "x" * 201),
        ("plan", "enterprise"),
        ("suspended_at", None),
        ("id", "00000000-0000-0000-0000-000000000000"),
    ],
)
async def test_what_cannot_be_set_is_refused_by_name(
    api: httpx2.AsyncClient, any_error: Any, field: str, value: object
) -> None:
    answer = await api.patch("/v1/tenant", json={field: value})
    assert any_error(answer, 422, "invalid_value")["param"] == field


async def test_a_voice_key_changes_nothing(installation: Installation, any_error: Any) -> None:
    async with client_of(installation.app, await installation.key_with("voice")) as client:
        assert (await client.get("/v1/tenant")).status_code == 200
        answer = await client.patch("/v1/tenant", json={"name": "Mine"})
        any_error(answer, 403, "permission_denied")


async def test_a_key_does_not_delete_the_tenant(installation: Installation, any_error: Any) -> None:
    async with client_of(installation.app, await a_key(installation)) as client:
        answer = await client.delete("/v1/tenant", params={"confirm_name": "Acme"})
        any_error(answer, 403, "permission_denied")


async def test_a_suspended_tenants_key_is_refused_until_it_is_resumed(
    installation: Installation, any_error: Any
) -> None:
    house, key = installation.house, await a_key(installation)
    async with house.database.system() as db:
        tenant_id = (await principal_of_key(db, house.keyring, key)).tenant_id
    async with client_of(installation.app, key) as client:
        assert (await client.get("/v1/me")).status_code == 200
        async with house.database.system() as db:
            await suspend_tenant(db, SYSTEM, tenant_id)
        for path in ("/v1/me", "/v1/voice/sessions", "/v1/tenant"):
            error = any_error(await client.get(path), 403, "permission_denied")
            assert "suspended" in error["message"] and error["hint"]
        async with house.database.system() as db:
            await resume_tenant(db, SYSTEM, tenant_id)
        assert (await client.get("/v1/me")).status_code == 200


async def test_an_owner_deletes_the_tenant_by_its_name(
    installation: Installation, any_error: Any
) -> None:
    house, key = installation.house, await a_key(installation, "Short-lived")
    async with house.database.system() as db:
        tenant_id = (await principal_of_key(db, house.keyring, key)).tenant_id
    admin = await a_person(house.database, house.keyring, tenant_id, Role.ADMIN)
    owner = await a_person(house.database, house.keyring, tenant_id, Role.OWNER)
    name = {"confirm_name": "Short-lived"}
    async with client_of(installation.app, admin.token) as client:
        any_error(await client.delete("/v1/tenant", params=name), 403, "permission_denied")
    async with client_of(installation.app, owner.token) as client:
        wrong = await client.delete("/v1/tenant", params={"confirm_name": "short-lived"})
        assert any_error(wrong, 422, "invalid_value")["param"] == "confirm_name"
        assert (await client.get("/v1/me")).status_code == 200
        answer = await client.delete("/v1/tenant", params=name)
        assert (answer.status_code, answer.json()["status"]) == (202, "running")
        any_error(await client.get("/v1/me"), 403, "permission_denied")
    await work_off(installation, answer.json()["id"])
    for token, code in ((key, "invalid_api_key"), (owner.token, "invalid_api_key")):
        async with client_of(installation.app, token) as client:
            any_error(await client.get("/v1/me"), 401, code)
