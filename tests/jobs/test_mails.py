"""Mails leave after the transaction that they tell of, and no secret of them stays behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from callmissed.domain.errors import Refusal
from callmissed.domain.mails import Mail
from callmissed.domain.people import Visitor
from callmissed.domain.principals import Role
from callmissed.providers.mail import Mailer
from callmissed.runtime.house import House
from callmissed.services.invites import invite_person, read_invite
from callmissed.services.password_resets import ask_for_reset, reset_password
from tests.jobs.test_jobs import a_house, jobs, running_jobs, until
from tests.mail_server import MailServer, running_mail_server
from tests.people import a_person
from tests.stories import a_tenant, rows

URL, SENDER = "https://calls.example.org", "callmissed@calls.example.org"
VISITOR = Visitor("192.0.2.7", "")
MAIL = Mail("asha@example.com", "Hello\r\nBcc: other@example.com", ".\nTwo dots: ..\n")


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as server:
        yield server


@asynccontextmanager
async def a_house_with_mail(postgres_url: str, mail_server: MailServer) -> AsyncIterator[House]:
    async with a_house(postgres_url) as house:
        settings = house.settings.model_copy(update={"public_url": URL})
        yield replace(house, settings=settings, mailer=Mailer(mail_server.url, SENDER))


async def test_an_invitation_is_mailed_with_its_link(
    postgres_url: str, mail_server: MailServer
) -> None:
    async with a_house_with_mail(postgres_url, mail_server) as house, running_jobs(house):
        tenant = await a_tenant(house.database, "Sunrise\nClinic")
        owner = await a_person(house.database, house.keyring, tenant.id, Role.OWNER)
        async with house.database.tenant(tenant.id) as db:
            _, link = await invite_person(
                db,
                house.keyring,
                owner.principal,
                "asha@example.com",
                Role.MEMBER,
                public_url=URL,
                by_mail=True,
            )
        (waiting,) = await rows(house.database, "select mails::text as everything from mails")
        for told in (link.partition("#")[2], "asha"):
            assert told.encode().hex() not in waiting.everything and told not in waiting.everything
        await until(lambda: has(mail_server, 1))
        (mail,) = mail_server.received
        assert (mail["To"], mail["From"]) == ("asha@example.com", SENDER)
        assert mail["Subject"] == "Join Sunrise Clinic on CallMissed"
        assert link in mail.get_content()
        async with house.database.system() as db:
            assert (await read_invite(db, house.keyring, link.partition("#")[2])).email
        await until(lambda: nothing_waits(house))


async def test_a_forgotten_password_is_mailed_to_whom_it_belongs_only(
    postgres_url: str, mail_server: MailServer
) -> None:
    async with a_house_with_mail(postgres_url, mail_server) as house, running_jobs(house):
        tenant = await a_tenant(house.database)
        person = await a_person(house.database, house.keyring, tenant.id)
        for email in ("nobody@example.com", person.email):
            await ask_for_reset(house.database, house.keyring, email, VISITOR, by_mail=True)
        await until(lambda: has(mail_server, 1))
        await until(lambda: nothing_waits(house))
        (mail,) = mail_server.received
        assert mail["To"] == person.email
        _, _, rest = mail.get_content().partition(f"{URL}/reset#")
        await reset_password(
            house.database, house.keyring, house.passwords, rest.split()[0], "nine quiet elephants"
        )


async def test_only_a_few_links_are_sent_in_a_while(postgres_url: str) -> None:
    async with a_house(postgres_url) as house:
        for _ in range(5):
            await ask_for_reset(house.database, house.keyring, "a@b.c", VISITOR, by_mail=True)
        assert len(await rows(house.database, "select 1 from mails")) == 3


async def test_what_a_mail_says_does_not_become_a_header(mail_server: MailServer) -> None:
    assert await Mailer(mail_server.url, SENDER).send(MAIL)
    (mail,) = mail_server.received
    assert mail["Bcc"] is None and mail["Subject"] == "Hello Bcc: other@example.com"
    assert mail.get_content().replace("\r\n", "\n") == MAIL.text


async def test_a_refusal_for_good_is_final_and_another_is_tried_again(
    mail_server: MailServer,
) -> None:
    mailer = Mailer(mail_server.url, SENDER)
    mail_server.refuse = ["550 nobody here", "451 later"]
    assert not await mailer.send(MAIL)
    with pytest.raises(Refusal, match="provider_unavailable"):
        await mailer.send(MAIL)
    with pytest.raises(Refusal, match="provider_unavailable"):
        await Mailer("smtp://127.0.0.1:9", SENDER).send(MAIL)
    assert not await mailer.send(replace(MAIL, to="a@b.c\r\nRCPT TO:<x@y.z>"))


async def test_a_server_elsewhere_is_spoken_to_over_tls_only(mail_server: MailServer) -> None:
    """The loopback of another name: it offers no STARTTLS, so no mail and no password is given."""
    elsewhere = mail_server.url.replace("smtp://127.0.0.1", "smtp://user:secret@127.0.0.2")
    port = int(mail_server.url.rpartition(":")[2])

    server = await asyncio.start_server(mail_server.speak, "127.0.0.2", port)
    with pytest.raises(Refusal, match="provider_unavailable"):
        await Mailer(elsewhere, SENDER).send(MAIL)
    server.close()
    assert mail_server.received == []


async def has(mail_server: MailServer, mails: int) -> bool:
    return len(mail_server.received) == mails


async def nothing_waits(house: House) -> bool:
    left = await rows(house.database, "select 1 from mails")
    return not left and not await jobs(house, "send_mail")
