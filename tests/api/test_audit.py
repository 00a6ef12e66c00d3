"""`GET /v1/audit-log` as people and keys see it."""

from typing import Any
from uuid import uuid4

import httpx2

from callmissed.domain.audit import Actor, ActorKind
from callmissed.services.audit import record
from tests.api.conftest import Installation, client_of


async def test_the_log_is_read_filtered_and_counted(
    installation: Installation, api: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    tenant_id, person = installation.first.tenant_id, uuid4()
    actor = Actor(ActorKind.PERSON, person)
    async with installation.house.database.tenant(tenant_id) as db:
        for target in ("p1", "p2"):
            await record(db, tenant_id, actor, "person.invited", target, {"role": "member"})
    answer = await api.get("/v1/audit-log", params={"actor": str(person), "limit": 1})
    assert answer.headers["x-total-count"] == "2"
    [entry] = answer.json()
    assert (entry["action"], entry["target"]) == ("person.invited", "p2")
    assert entry["actor"] == {"kind": "person", "id": str(person)}
    assert entry["details"] == {"role": "member"}
    assert entry["created_at"].endswith("Z")
    assert (await api.get("/v1/audit-log", params={"action": "nothing.done"})).json() == []
    assert (await stranger.get("/v1/audit-log", params={"actor": str(person)})).json() == []


async def test_a_voice_key_does_not_read_the_log(
    installation: Installation, any_error: Any
) -> None:
    async with client_of(installation.app, await installation.key_with("voice")) as client:
        any_error(await client.get("/v1/audit-log"), 403, "permission_denied")
    async with client_of(installation.app, await installation.key_with("audit:read")) as client:
        assert (await client.get("/v1/audit-log")).status_code == 200
