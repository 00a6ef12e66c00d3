"""`callmissed person …` on a real database: the links that it prints work."""

import asyncio

from callmissed.domain.people import Visitor
from callmissed.domain.principals import Role
from callmissed.runtime.house import open_house
from callmissed.runtime.settings import load_settings
from callmissed.services.invites import accept_invite
from callmissed.services.password_resets import reset_password
from tests.cli.test_commands import callmissed
from tests.databases import fresh_database
from tests.people import a_person
from tests.stories import a_tenant

PASSWORD = "a lamp made of old dogs"
SETTINGS = {
    "CALLMISSED_SECRET": "secret-of-the-tests-for-callmissed",
    "CALLMISSED_PUBLIC_URL": "https://calls.example.org",
    "LIVEKIT_URL": "ws://127.0.0.1:9",
    "LIVEKIT_API_KEY": "nobody",
    "LIVEKIT_API_SECRET": "secret-of-a-server-that-is-nowhere",
}


async def test_the_printed_links_work(postgres_url: str) -> None:
    async with fresh_database(postgres_url) as url:
        settings = {**SETTINGS, "DATABASE_URL": url}
        async with open_house(load_settings(settings)) as house:
            tenant = await a_tenant(house.database)
            person = await a_person(house.database, house.keyring, tenant.id)

            async def said(*words: str) -> str:
                done = await asyncio.to_thread(callmissed, "person", *words, **settings)
                assert done.returncode == 0, done.stderr
                return done.stdout.strip()

            link = await said("reset-link", person.email.upper())
            address, secret = link.split("#")
            assert address == "https://calls.example.org/reset"
            await reset_password(house.database, house.keyring, house.passwords, secret, PASSWORD)
            link = await said("invite", str(tenant.id), "asha@example.com", "--role", "admin")
            address, secret = link.split("#")
            assert address == "https://calls.example.org/invite"
            joined = await accept_invite(
                house.database, house.keyring, house.passwords, secret, PASSWORD, Visitor("", "")
            )
            assert joined.principal.role is Role.ADMIN
        unknown = await asyncio.to_thread(
            callmissed, "person", "reset-link", "nobody@example.com", **settings
        )
        assert unknown.returncode == 1 and "nobody here has the e-mail" in unknown.stderr
        nowhere = await asyncio.to_thread(
            callmissed,
            "person",
            "invite",
            "00000000-0000-4000-8000-000000000000",
            "a@b.c",
            **settings,
        )
        assert nowhere.returncode == 1 and "There is no tenant" in nowhere.stderr
