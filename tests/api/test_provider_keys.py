"""`/v1/settings/providers`: keys go in, are never shown, and decide what runs."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from callmissed.api.app import create_app
from callmissed.dev.providers import running_providers
from callmissed.kit.tokens import random_base62
from callmissed.runtime.embedded.ports import free_ports
from callmissed.services.tenants import create_tenant
from tests.api.conftest import Installation, client_of
from tests.stories import rows

PATH = "/v1/settings/providers"
SESSIONS = "/v1/voice/sessions"


def a_key() -> str:
    return f"sk_{random_base62(30)}"


@pytest_asyncio.fixture
async def tenant_key(installation: Installation) -> str:
    """Of a tenant of the test's own, without any key with a provider."""
    async with installation.house.database.system() as db:
        _, key = await create_tenant(db, installation.house.keyring, "Own")
    return key


@pytest_asyncio.fixture
async def tenant(installation: Installation, tenant_key: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(installation.app, tenant_key) as client:
        yield client


async def put(client: httpx2.AsyncClient, name: str, **body: Any) -> dict[str, Any]:
    answer = await client.put(f"{PATH}/{name}", json={"key": a_key(), **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(client: httpx2.AsyncClient) -> dict[str, dict[str, Any]]:
    answer = await client.get("/v1/models")
    return {f"{one['service']}:{one['id']}": one for one in answer.json()["data"]}


async def test_a_key_goes_in_and_never_comes_out(
    tenant: httpx2.AsyncClient, installation: Installation
) -> None:
    key = a_key()
    made = await put(tenant, "sarvam", key=f" {key} ")
    assert made["masked"] == f"…{key[-4:]}"
    assert (made["source"], made["services"]) == ("tenant", ["stt", "llm", "tts"])
    assert made["verdict"] is made["verified_at"] is made["base_url"] is None
    shown = [await tenant.get(path) for path in (PATH, f"{PATH}/sarvam", "/v1/audit-log")]
    assert all(answer.status_code == 200 and key not in answer.text for answer in shown)
    assert shown[1].json() == made
    assert "provider_key.set" in [entry["action"] for entry in shown[2].json()]
    for table in ("provider_keys", "audit_log", "voice_sessions"):
        kept = str(await rows(installation.house.database, f"select * from {table}"))
        assert key not in kept and key.encode().hex() not in kept


async def test_the_list_says_where_each_key_comes_from(tenant: httpx2.AsyncClient) -> None:
    await put(tenant, "clarifai")
    sources = {one["name"]: one["source"] for one in (await tenant.get(PATH)).json()}
    assert sources == {
        "sarvam": "none",
        "clarifai": "tenant",
        "openrouter": "none",
        "moonshot": "none",
        "ollama": "not_needed",
        "vllm": "not_needed",
    }
    assert (await tenant.delete(f"{PATH}/clarifai")).status_code == 204
    assert (await tenant.get(f"{PATH}/clarifai")).json()["source"] == "none"


async def test_what_is_not_there_is_not_found(tenant: httpx2.AsyncClient, any_error: Any) -> None:
    for name in ("local", "nobody", "%00", "Sarvam"):
        any_error(await tenant.put(f"{PATH}/{name}", json={"key": a_key()}), 404, "not_found")
        any_error(await tenant.get(f"{PATH}/{name}"), 404, "not_found")
    any_error(await tenant.delete(f"{PATH}/sarvam"), 404, "not_found")
    any_error(await tenant.post(f"{PATH}/sarvam/verify"), 409, "conflict")


@pytest.mark.parametrize("key", ["", "short", "has a space in it", "né" * 10, "line\nbreak" * 3])
async def test_what_cannot_be_a_key_is_refused(
    tenant: httpx2.AsyncClient, any_error: Any, key: str
) -> None:
    error = any_error(await tenant.put(f"{PATH}/sarvam", json={"key": key}), 422, "invalid_value")
    assert error["param"] == "key"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:11434/v1",
        "http://localhost/v1",
        "http://169.254.169.254/latest",
        "http://[::ffff:10.0.0.1]/v1",
        "https://203.0.113.5/v1?key=1",
        "file:///etc/passwd",
    ],
)
async def test_a_customer_s_url_stays_outside(
    tenant: httpx2.AsyncClient, any_error: Any, url: str
) -> None:
    body = {"key": a_key(), "base_url": url}
    error = any_error(await tenant.put(f"{PATH}/vllm", json=body), 422, "invalid_value")
    assert error["param"] == "base_url"


async def test_the_operator_may_let_an_internal_network_in(tenant: httpx2.AsyncClient) -> None:
    made = await put(tenant, "vllm", base_url="http://10.9.1.2:8000/v1/")
    assert made["base_url"] == "http://10.9.1.2:8000/v1"


async def test_keys_decide_what_is_listed_and_everything_listed_can_be_created(
    tenant: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    """Without a key, with one for some, with one for all: as product section 3 says."""
    before = await listed(stranger)
    found = [await listed(tenant)]
    for name in ("clarifai", "sarvam", "openrouter", "moonshot"):
        await put(tenant, name)
        found.append(await listed(tenant))
        await _create_each(tenant, found[-1])
    fallbacks = [one["llm:kimi-k2.5"]["fallback"] for one in found[:2]]
    assert fallbacks == ["local/answerer", None]
    assert "tts:bulbul:v4-flash" not in found[1] and "llm:sarvam-105b" not in found[1]
    assert {"stt:saaras:v4", "tts:bulbul:v4-flash", "llm:sarvam-30b"} <= set(found[2])
    assert {"llm:openrouter/auto"} <= set(found[3]) - set(found[2])
    assert await listed(stranger) == before == found[0]


async def _create_each(client: httpx2.AsyncClient, models: dict[str, dict[str, Any]]) -> None:
    for model in models.values():
        if model["status"] == "maintenance":
            continue
        if model["service"] == "embedding":
            base = {"name": "By meaning", "embedding_model": model["id"]}
            made = await client.post("/v1/knowledge-bases", json=base)
            assert made.status_code == 201, made.text
            continue
        body = {f"{model['service']}_model": model["id"], "greeting": None}
        if model["languages"] and model["service"] == "tts":
            body["tts_language"] = model["languages"][0]
        answer = await client.post(SESSIONS, json=body)
        assert answer.status_code == 201, (body, answer.text)
        await client.delete(f"{SESSIONS}/{answer.json()['id']}")


async def test_any_model_of_openrouter_goes_there(tenant: httpx2.AsyncClient) -> None:
    await put(tenant, "openrouter")
    for asked in ("openrouter/a-vendor/a-model:free", "a-vendor/a-model", "openrouter/auto"):
        answer = await tenant.post(SESSIONS, json={"llm_model": asked})
        assert (answer.status_code, answer.json()["llm_model"]) == (201, asked)
    key = {"name": "one", "permissions": ["voice"], "allowed_models": ["a-vendor/a-model"]}
    assert (await tenant.post("/v1/api-keys", json=key)).status_code == 201


async def test_a_service_with_a_key_falls_back_no_more(
    tenant: httpx2.AsyncClient, any_error: Any
) -> None:
    await put(tenant, "sarvam")
    error = any_error(await tenant.post(SESSIONS), 503, "provider_unavailable")
    assert error["param"] == "llm_model" and "settings/providers/clarifai" in error["hint"]
    error = any_error(
        await tenant.post(SESSIONS, json={"llm_model": "moonshot/kimi-k2.5"}),
        422,
        "model_not_available",
    )
    assert "sarvam-105b" in error["hint"]


async def test_the_installation_s_own_key_serves_who_has_none(
    installation: Installation, tenant_key: str, any_error: Any
) -> None:
    house = installation.house
    settings = house.settings.model_copy(
        update={"sarvam_api_key": a_key(), "clarifai_api_key": a_key()}
    )
    app = create_app(replace(house, settings=settings))
    async with client_of(app, tenant_key) as client:
        assert (await client.get(f"{PATH}/sarvam")).json()["source"] == "platform"
        made = (await client.post(SESSIONS)).json()
        assert (made["stt_model"], made["llm_model"], made["tts_voice"]) == (
            ("saaras:v3", "kimi-k2.5", "shubh")
        )
        assert (await put(client, "sarvam"))["source"] == "tenant"
        assert (await client.delete(f"{PATH}/sarvam")).status_code == 204
        any_error(await client.delete(f"{PATH}/sarvam"), 404, "not_found")


@pytest.mark.parametrize(
    ("name", "key", "verdict"),
    [
        ("sarvam", "good-key-1", "accepted"),
        ("sarvam", "bad-key-1", "refused"),
        ("openrouter", "good-key-1", "accepted"),
        ("clarifai", "bad-key-1", "refused"),
        ("moonshot", "good-key-1", "accepted"),
    ],
)
async def test_a_key_is_tried_where_it_is_for(
    installation: Installation, tenant_key: str, name: str, key: str, verdict: str
) -> None:
    async with running_providers() as sims:
        urls = {vendor: sims.url(vendor) for vendor in ("sarvam", "openrouter", "clarifai")}
        catalog = installation.house.catalog.with_base_urls(
            {**urls, "moonshot": sims.url("moonshot")}
        )
        app = create_app(replace(installation.house, catalog=catalog))
        async with client_of(app, tenant_key) as client:
            await put(client, name, key=key)
            tried = (await client.post(f"{PATH}/{name}/verify")).json()
            assert (tried["verdict"], tried["source"]) == (verdict, "tenant")
            shown = (await client.get(f"{PATH}/{name}")).json()
            assert shown["verdict"] == verdict and shown["verified_at"]
            assert (await put(client, name))["verdict"] is None
        assert not sims.ledger.total("output_tokens")


async def test_a_provider_that_is_away_is_unreachable(
    installation: Installation, tenant_key: str
) -> None:
    (port,) = free_ports("127.0.0.1", 1)
    nowhere = {"sarvam": f"http://127.0.0.1:{port}"}
    catalog = installation.house.catalog.with_base_urls(nowhere)
    async with client_of(
        create_app(replace(installation.house, catalog=catalog)), tenant_key
    ) as client:
        await put(client, "sarvam")
        tried = (await client.post(f"{PATH}/sarvam/verify")).json()
    assert tried["verdict"] == "unreachable" and tried["message"]


async def test_a_vendor_s_limit_refuses_the_call_that_is_one_too_many(
    installation: Installation, tenant_key: str, any_error: Any
) -> None:
    providers = dict(installation.house.catalog.providers)
    providers["sarvam"] = replace(providers["sarvam"], max_stt_sockets=1)
    catalog = replace(installation.house.catalog, providers=providers)
    app = create_app(replace(installation.house, catalog=catalog))
    async with client_of(app, tenant_key) as client:
        for name in ("sarvam", "clarifai"):
            await put(client, name)
        headers = {"Idempotency-Key": random_base62(12)}
        first = await client.post(SESSIONS, json={}, headers=headers)
        assert first.status_code == 201
        refused = await client.post(SESSIONS)
        error = any_error(refused, 503, "provider_unavailable")
        assert error["param"] == "stt_model" and refused.headers["retry-after"]
        assert (await client.post(SESSIONS, json={}, headers=headers)).status_code == 201
        local = {"stt_model": "local/pocketsphinx"}
        assert (await client.post(SESSIONS, json=local)).status_code == 201
        await client.delete(f"{SESSIONS}/{first.json()['id']}")
        assert (await client.post(SESSIONS)).status_code == 201
