"""The first start makes what is needed once, and says again what may be said again."""

import asyncio
from dataclasses import replace

from callmissed.domain.installation import FirstStart, InitRequest
from callmissed.domain.principals import Principal
from callmissed.kit.tokens import key_is_well_formed, mint_key
from callmissed.services import auth, bots, knowledge, sign_ins
from callmissed.services.installation import prepare, sample_documents
from callmissed.store.database import Database
from tests.stories import KEYRING, rows

INIT = InitRequest("Acme", "Clinic reception", owner_email="Owner@Example.org")


async def start(
    database: Database, init: InitRequest = INIT, keyring: object = KEYRING
) -> FirstStart:
    async with database.system() as db:
        return await prepare(db, keyring, init)  # type: ignore[arg-type]


async def test_twice_changes_nothing_but_hides_the_key(database: Database) -> None:
    first = await start(database)
    second = await start(database, replace(INIT, tenant_name="Other", bot_name="Other"))
    assert first.api_key is not None
    assert second == replace(first, api_key=None)
    for table in ("tenants", "people", "bots", "api_keys", "owner_links", "knowledge_bases"):
        assert len(await rows(database, f"select 1 from {table}")) == 1, table
    (person,) = await rows(database, "select email, password_hash from people")
    assert (person.email, person.password_hash) == ("owner@example.org", None)


async def test_several_at_once_make_one(database: Database) -> None:
    starts = await asyncio.gather(*(start(database) for _ in range(5)))
    assert len({one.tenant_id for one in starts}) == 1
    assert len([one for one in starts if one.api_key]) == 1
    assert len({one.owner_link_secret for one in starts}) == 1


async def test_a_given_key_opens_the_first_tenant(database: Database) -> None:
    key = mint_key("cm")
    init = replace(INIT, api_key=key, owner_password="correct horse battery")
    first, second = await start(database, init), await start(database, init)
    assert first.api_key is None and second.api_key is None
    # Who can sign in with a password needs no link.
    assert first.owner_link_secret is None and second.owner_link_secret is None
    async with database.system() as db:
        found = await auth.principal_of_key(db, KEYRING, key)
    assert isinstance(found, Principal)
    assert found.tenant_id == first.tenant_id
    assert len(await rows(database, "select 1 from api_keys")) == 1
    (person,) = await rows(database, "select password_hash from people")
    assert person.password_hash.startswith("$argon2id$")


async def test_the_link_is_told_until_it_is_used(database: Database) -> None:
    secret = (await start(database)).owner_link_secret
    assert secret is not None
    assert key_is_well_formed(secret, "cmo")
    stored = await rows(database, "select owner_links::text as everything from owner_links")
    assert secret not in stored[0].everything
    async with database.system() as db:
        await sign_ins.claim_owner_link(db, KEYRING, secret)
    assert (await start(database)).owner_link_secret is None


async def test_another_secret_of_the_installation_makes_another_link(database: Database) -> None:
    first = await start(database)
    changed = replace(KEYRING, sealing=b"S" * 32, refresh=b"R" * 32)
    second = await start(database, keyring=changed)
    assert second.owner_link_secret not in (None, first.owner_link_secret)
    assert (await start(database, keyring=changed)).owner_link_secret == second.owner_link_secret


async def test_the_sample_bot_knows_its_document(database: Database) -> None:
    first = await start(database)
    assert [name for name, _ in sample_documents()] == ["clinic.md"]
    async with database.tenant(first.tenant_id) as db:
        found, total = await bots.list_bots(db)
        assert [bot.id for bot in found] == [first.bot_id] and total == 1
        passages = await knowledge.passages_of(db, db.tenant_id, found[0].terms.knowledge_base_ids)
    assert {passage.document for passage in passages} == {"clinic.md"}
    said = {passage.heading: passage.text for passage in passages}
    assert "Consultation with a doctor: 500 rupees." in said["Sunrise Clinic › Prices"]
    assert "On Sunday we are closed." in said["Sunrise Clinic › Opening hours"]
