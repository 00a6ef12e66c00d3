"""Keys at rest and on their way to a call: sealed to their place, opened for their route only."""

from pathlib import Path
from uuid import uuid4

import pytest

from callmissed.domain.audit import SYSTEM
from callmissed.domain.models import Access, Service
from callmissed.providers.catalog import load_catalog
from callmissed.runtime.wire import Start, decode_to_child, encode_to_child
from callmissed.services import calls, sessions
from callmissed.services.models import route_request
from callmissed.services.provider_keys import Vault, find_owners, open_access, set_key
from callmissed.services.session_requests import complete_request
from callmissed.store.database import Database
from tests.stories import (
    KEYRING,
    VAULT,
    Tenant,
    a_claim,
    a_tenant,
    a_worker,
    rows,
)

CATALOG = load_catalog()
EVERY_KEY = frozenset({"sarvam", "clarifai", "openrouter", "moonshot"})
ROUTE = route_request(CATALOG, complete_request(CATALOG, {}), EVERY_KEY)
KEY = "sk_of_the_tenant_1234567890"
OUR_KEY = "sk_of_the_platform_1234567"
PLATFORM = Vault(CATALOG, {"sarvam": OUR_KEY, "clarifai": OUR_KEY}, KEYRING.sealing)


async def opened(database: Database, tenant: Tenant, vault: Vault = VAULT) -> dict[str, Access]:
    async with database.tenant(tenant.id) as db:
        return await open_access(db, vault, tenant.id, ROUTE)


async def keep(
    database: Database, tenant: Tenant, name: str, key: str = KEY, base_url: str | None = None
) -> None:
    async with database.tenant(tenant.id) as db:
        await set_key(db, VAULT, SYSTEM, name, key, base_url)


async def test_a_tenant_s_own_key_comes_before_the_platform_s(database: Database) -> None:
    one, two = await a_tenant(database, "One"), await a_tenant(database, "Two")
    await keep(database, one, "sarvam")
    own, other = [await opened(database, tenant, PLATFORM) for tenant in (one, two)]
    assert (own["sarvam"].key, own["sarvam"].owner) == (KEY, str(one.id))
    assert (own["clarifai"].key, own["clarifai"].owner) == (OUR_KEY, "platform")
    assert {access.key for name, access in other.items() if name != "local"} == {OUR_KEY}
    async with database.tenant(one.id) as db:
        owners = await find_owners(db, PLATFORM)
    assert (owners["sarvam"], owners["clarifai"]) == (str(one.id), "platform")
    assert "openrouter" not in owners and owners["ollama"] == "platform"


async def test_only_the_providers_of_the_route_are_opened(database: Database) -> None:
    tenant = await a_tenant(database)
    for name in CATALOG.providers:
        if name != "local":
            await keep(database, tenant, name)
    found = await opened(database, tenant)
    assert set(found) == {"sarvam", "clarifai", "openrouter", "moonshot", "local"}
    assert all(KEY not in repr(access) for access in found.values())
    local = route_request(CATALOG, complete_request(CATALOG, {}), frozenset())
    async with database.tenant(tenant.id) as db:
        assert set(await open_access(db, VAULT, tenant.id, local)) == {"local"}


async def test_a_sealed_key_opens_in_its_own_place_only(database: Database) -> None:
    one, two = await a_tenant(database, "One"), await a_tenant(database, "Two")
    await keep(database, one, "sarvam")
    await keep(database, one, "clarifai", "sk_another_1234567890")
    await keep(database, two, "sarvam", "sk_of_the_other_1234567890")
    swap = (
        "update provider_keys k set sealed_key = o.sealed_key from provider_keys o "
        "where k.tenant_id = '{}' and k.provider = '{}' and o.tenant_id = '{}' "
        "and o.provider = '{}' returning k.provider"
    )
    await rows(database, swap.format(two.id, "sarvam", one.id, "sarvam"))
    await rows(database, swap.format(one.id, "clarifai", one.id, "sarvam"))
    assert "sarvam" not in await opened(database, two)
    assert set(await opened(database, one)) == {"sarvam", "local"}
    moved = "update provider_keys set base_url = 'https://evil.example' returning provider"
    await rows(database, moved)
    assert set(await opened(database, one)) == {"local"}


async def test_another_secret_opens_nothing(database: Database) -> None:
    tenant = await a_tenant(database)
    await keep(database, tenant, "sarvam")
    assert "sarvam" not in await opened(
        database, tenant, Vault(CATALOG, {"sarvam": OUR_KEY}, b"x" * 32)
    )


async def test_a_customer_s_address_is_marked(database: Database) -> None:
    tenant = await a_tenant(database)
    await keep(database, tenant, "clarifai", base_url="https://llm.example/v1")
    access = (await opened(database, tenant, PLATFORM))["clarifai"]
    assert access.is_customers_url and access.key == KEY
    assert access.provider.base_url == "https://llm.example/v1"
    assert not (await opened(database, tenant, PLATFORM))["sarvam"].is_customers_url


async def test_a_call_gets_its_keys_over_the_pipe_and_nowhere_else(
    database: Database, tmp_path: Path
) -> None:
    tenant, worker = await a_tenant(database), await a_worker(database)
    for name in ("sarvam", "clarifai"):
        await keep(database, tenant, name)
    async with database.tenant(tenant.id) as db:
        request = complete_request(CATALOG, {})
        session = await sessions.store_session(db, request, ROUTE, f"voice-{uuid4().hex}")
    claim = await a_claim(database, worker)
    async with database.system() as db:
        terms = await calls.load_terms(db, VAULT, claim)
    assert {name for name, access in terms.access.items() if access.key} == {"sarvam", "clarifai"}
    line = encode_to_child(Start(tmp_path / "journal", terms))
    assert decode_to_child(line) == Start(tmp_path / "journal", terms)
    assert KEY.encode() in line and KEY not in repr(terms) and KEY not in str(session)
    for broken in (line.replace(b'"epoch"', b'"epcho"'), line[:-40], line.replace(b"start", b"x")):
        with pytest.raises(ValueError) as caught:
            decode_to_child(broken)
        assert KEY not in str(caught.value)
    stored = await rows(database, "select s::text as row from voice_sessions s")
    assert KEY not in str(stored)


async def test_spares_are_those_that_can_be_reached_and_speak() -> None:
    assert [model.id for model in ROUTE.spare_stt] == ["local/pocketsphinx"]
    assert [model.id for model in ROUTE.spare_llm] == [
        *("sarvam-105b", "openrouter/moonshotai/kimi-k2.5", "moonshot/kimi-k2.5")
    ]
    assert [(spare.model.id, spare.voice) for spare in ROUTE.spare_tts] == [
        *(("local/flite", "rms"), ("local/espeak-ng", "espeak"))
    ]
    hindi = complete_request(CATALOG, {"language": "hi-IN", "voice": "priya"})
    found = route_request(CATALOG, hindi, frozenset({"sarvam", "clarifai"}))
    assert [model.id for model in found.spare_llm] == ["sarvam-105b"]
    assert found.spare_stt == ()
    assert [spare.model.id for spare in found.spare_tts] == ["local/espeak-ng"]
    flash = complete_request(CATALOG, {"language": "ta-IN", "tts_model": "bulbul:v4-flash"})
    assert flash.voice.split("_")[1] == "ta"
    assert CATALOG.find(Service.TTS, "bulbul:v4-flash") is not None
