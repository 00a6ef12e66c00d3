"""What a vendor serves one key with counts at admission: exact over pools and tenants."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.limits import Account, accounts_of, max_sessions
from callmissed.domain.models import PLATFORM, Provider, Service
from callmissed.domain.sessions import EndReason
from callmissed.providers.catalog import load_catalog
from callmissed.services import sessions
from callmissed.services.models import route_request
from callmissed.services.session_requests import complete_request
from callmissed.store.database import Database
from tests.databases import fresh_database
from tests.services.test_limits import a_lasting_worker, pools_of
from tests.stories import REQUEST, ROUTE, Tenant, a_tenant

CATALOG = load_catalog()
FOUR = Account("sarvam", Service.STT, PLATFORM, 4)
MANY = 1000


async def create(database: Database, tenant: Tenant, *accounts: Account) -> UUID | Refusal:
    """Again while the database is too busy to say."""
    while True:
        try:
            async with database.tenant(tenant.id) as db:
                room = f"voice-{uuid4().hex}"
                made = await sessions.create_session(db, REQUEST, ROUTE, room, MANY, accounts)
                return made.id
        except Refusal as refusal:
            if refusal.kind is not Kind.UNAVAILABLE:
                return refusal


async def test_tenants_share_the_platform_s_sockets_exactly(postgres_url: str) -> None:
    async with fresh_database(postgres_url) as url, pools_of(url, 3) as pools:
        tenants = [await a_tenant(pools[0], name) for name in ("One", "Two", "Three")]
        await a_lasting_worker(pools[0])
        gate = asyncio.Semaphore(6)

        async def one(number: int) -> UUID | Refusal:
            async with gate:
                return await create(pools[number % 3], tenants[number // 3 % 3], FOUR)

        made = await asyncio.gather(*(one(number) for number in range(36)))
        refused = [item for item in made if isinstance(item, Refusal)]
        assert len(made) - len(refused) == 4
        for refusal in refused:
            assert (refusal.kind, refusal.param) == (Kind.PROVIDER_UNAVAILABLE, "stt_model")
            assert refusal.retry_after_s is not None and "4 calls at once" in refusal.message


async def test_an_ended_call_gives_its_place_back(database: Database) -> None:
    tenant, one = await a_tenant(database), replace(FOUR, max_sessions=1)
    await a_lasting_worker(database)
    first = await create(database, tenant, one)
    assert isinstance(first, UUID)
    assert isinstance(await create(database, tenant, one), Refusal)
    own = replace(one, owner=str(tenant.id))
    other_service = replace(one, service=Service.TTS)
    assert isinstance(await create(database, tenant, own, other_service), UUID)
    async with database.tenant(tenant.id) as db:
        await sessions.end_session(db, first, EndReason.API_DELETE)
    assert isinstance(await create(database, tenant, one), UUID)


async def test_who_uses_something_else_is_not_held_up(database: Database) -> None:
    tenant, one = await a_tenant(database), replace(FOUR, max_sessions=1)
    await a_lasting_worker(database)
    for accounts in ((one,), (), (replace(one, max_sessions=None),)):
        assert isinstance(await create(database, tenant, *accounts), UUID)


@pytest.mark.parametrize(
    ("limits", "service", "most"),
    [
        ({"max_stt_sockets": 20}, Service.STT, 20),
        ({"max_tts_sockets": 30}, Service.TTS, 15),
        ({"max_stt_sockets": 20}, Service.LLM, None),
        ({"requests_per_minute": 60}, Service.LLM, 5),
        ({"requests_per_minute": 6}, Service.LLM, 1),
        ({"requests_per_minute": 60, "max_tts_sockets": 2}, Service.TTS, 1),
        ({"requests_per_minute": 60}, Service.STT, 5),
        ({}, Service.STT, None),
    ],
)
def test_how_many_calls_fit(limits: dict[str, int], service: Service, most: int | None) -> None:
    assert max_sessions(Provider("p", "openai", **limits), service) == most  # type: ignore[arg-type]


def test_a_route_draws_on_its_owners_accounts_from_the_start() -> None:
    route = route_request(
        CATALOG, complete_request(CATALOG, {}), frozenset({"sarvam", "clarifai", "moonshot"})
    )
    owners = {"sarvam": "t1", "clarifai": PLATFORM, "moonshot": PLATFORM, "ollama": PLATFORM}
    assert accounts_of(route, CATALOG.providers, owners) == (
        Account("sarvam", Service.STT, "t1", 20),
        Account("clarifai", Service.LLM, PLATFORM, None),
        Account("sarvam", Service.TTS, "t1", 15),
    )
    local = route_request(CATALOG, complete_request(CATALOG, {}), frozenset())
    assert accounts_of(local, CATALOG.providers, owners) == ()
