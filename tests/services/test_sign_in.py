"""Signing in with a password, how often one may be wrong, and signing up."""

import asyncio
from collections.abc import AsyncIterator

import argon2
import pytest
from sqlalchemy import text

from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.people import Visitor
from callmissed.domain.principals import Role, SignedIn
from callmissed.kit.passwords import hash_password, is_outdated
from callmissed.services import auth, sign_ins
from callmissed.services.attempts import PASSWORDS_FROM_ADDRESS, PASSWORDS_OF_ACCOUNT, WINDOW_S
from callmissed.services.passwords import Passwords
from callmissed.services.sign_in import sign_in_by_password
from callmissed.services.sign_up import sign_up
from callmissed.store import people
from callmissed.store.database import Database
from tests.people import Person, a_person
from tests.stories import KEYRING, a_tenant, rows, shift

PASSWORD = "a lamp made of old dogs"
HASHED = hash_password(PASSWORD)
VISITOR = Visitor("192.0.2.7", "a browser")
AT_ONCE = 4


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


async def a_colleague(database: Database, name: str = "Acme", **more: object) -> Person:
    tenant = await a_tenant(database, name)
    given = {"password_hash": HASHED, **more}
    return await a_person(database, KEYRING, tenant.id, **given)  # type: ignore[arg-type]


async def sign_in(
    database: Database,
    passwords: Passwords,
    email: str,
    password: str = PASSWORD,
    visitor: Visitor = VISITOR,
) -> SignedIn | Refusal:
    try:
        return await sign_in_by_password(
            database, KEYRING, passwords, email, password, None, visitor
        )
    except Refusal as refusal:
        return refusal


def kinds(answers: list[SignedIn | Refusal]) -> list[str]:
    return sorted("in" if isinstance(one, SignedIn) else one.kind.value for one in answers)


async def test_email_and_password_sign_in(database: Database, passwords: Passwords) -> None:
    person = await a_colleague(database)
    done = await sign_in(database, passwords, person.email.upper())
    assert isinstance(done, SignedIn)
    async with database.system() as db:
        principal = await auth.principal_of_jwt(db, KEYRING, done.access_jwt)
        listed = await sign_ins.list_sign_ins(db, person.id)
    assert (principal, principal.person_id) == (done.principal, person.id)
    assert [one.user_agent for one in listed] == ["a browser", "tests"]
    entry = (await rows(database, "select action, actor_id from audit_log order by id"))[-1]
    assert (entry.action, entry.actor_id) == ("person.signed_in", person.id)


async def test_an_unknown_email_is_answered_as_a_wrong_password(
    database: Database, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And costs the same: one hash each."""
    person, without = await a_colleague(database), await a_colleague(database, password_hash=None)
    work: list[str] = []
    for name in ("hash_password", "password_fits"):
        original = getattr(__import__("callmissed.services.passwords", fromlist=[name]), name)

        def counted(*given: str, original: object = original, name: str = name) -> object:
            work.append(name)
            return original(*given)  # type: ignore[operator]

        monkeypatch.setattr(f"callmissed.services.passwords.{name}", counted)
    answers = [
        await sign_in(database, passwords, email, "another lamp of dogs")
        for email in (person.email, without.email, "nobody@example.com")
    ]
    assert all(isinstance(one, Refusal) for one in answers)
    said = {(one.kind, one.message, one.hint) for one in answers if isinstance(one, Refusal)}
    assert len(said) == 1 and Kind.INVALID_CREDENTIALS in {kind for kind, _, _ in said}
    assert work == ["password_fits", "hash_password", "hash_password"]


async def test_an_account_closes_after_so_many_failures_exactly(
    database: Database, passwords: Passwords
) -> None:
    """However many connections try at once; and it opens again by itself."""
    person, answers = await a_colleague(database), []
    for start in range(0, PASSWORDS_OF_ACCOUNT.count + 6, AT_ONCE):
        visitors = [Visitor(f"192.0.2.{start + n}", "") for n in range(AT_ONCE)]
        tries = (sign_in(database, passwords, person.email, "wrong", one) for one in visitors)
        answers += await asyncio.gather(*tries)
    tried = ["invalid_credentials"] * PASSWORDS_OF_ACCOUNT.count
    assert kinds(answers) == tried + ["rate_limited"] * 6
    closed = await sign_in(database, passwords, person.email)
    assert isinstance(closed, Refusal) and closed.kind is Kind.RATE_LIMITED
    assert closed.retry_after_s is not None and 0 < closed.retry_after_s <= WINDOW_S
    await shift(database, "attempts", "until", -WINDOW_S)
    assert isinstance(await sign_in(database, passwords, person.email), SignedIn)


async def test_an_address_closes_too_and_its_network_with_it(
    database: Database, passwords: Passwords
) -> None:
    person = await a_colleague(database)
    assert isinstance(await sign_in(database, passwords, person.email), SignedIn)
    wrong = await sign_in(database, passwords, "a@b.c", visitor=Visitor("2001:db8::1", ""))
    assert isinstance(wrong, Refusal)
    async with database.system() as db:
        await db.connection.execute(
            text("update attempts set count = :n where kind = :kind"),
            {"n": PASSWORDS_FROM_ADDRESS.count - 1, "kind": PASSWORDS_FROM_ADDRESS.kind},
        )
    last = await sign_in(database, passwords, "b@b.c", visitor=Visitor("2001:db8::2", ""))
    closed = await sign_in(database, passwords, person.email, visitor=Visitor("2001:db8::3", ""))
    assert kinds([last, closed]) == ["invalid_credentials", "rate_limited"]
    other = Visitor("2001:db8:0:1::3", "")
    assert isinstance(await sign_in(database, passwords, person.email, visitor=other), SignedIn)


async def test_who_signs_in_rightly_is_not_counted(
    database: Database, passwords: Passwords
) -> None:
    person = await a_colleague(database)
    for _ in range(3):
        await sign_in(database, passwords, person.email, "wrong")
    assert isinstance(await sign_in(database, passwords, person.email), SignedIn)
    counted = await rows(database, "select kind, count from attempts order by kind")
    assert [(row.kind, row.count) for row in counted] == [("password.address", 3)]
    stored = await rows(database, "select attempts::text as everything from attempts")
    assert VISITOR.address not in stored[0].everything


async def test_an_old_hash_is_renewed_by_signing_in(
    database: Database, passwords: Passwords
) -> None:
    old = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    person = await a_colleague(database, password_hash=old)
    assert isinstance(await sign_in(database, passwords, person.email), SignedIn)
    (stored,) = await rows(database, "select password_hash from people")
    assert not is_outdated(stored.password_hash)
    assert isinstance(await sign_in(database, passwords, person.email), SignedIn)


async def test_a_password_changed_while_it_is_checked_opens_nothing(database: Database) -> None:
    person = await a_colleague(database)

    class Changing(Passwords):
        async def fits(self, password_hash: str | None, password: str) -> bool:
            fits = await super().fits(password_hash, password)
            async with database.system() as db:
                await people.set_password(db, person.id, "changed")
            return fits

    passwords = Changing()
    refused = await sign_in(database, passwords, person.email)
    assert isinstance(refused, Refusal) and refused.kind is Kind.INVALID_CREDENTIALS
    passwords.close()


async def test_one_person_in_two_tenants_moves_between_them(
    database: Database, passwords: Passwords
) -> None:
    person, other = await a_colleague(database), await a_tenant(database, "Beta")
    also = await a_person(database, KEYRING, other.id, Role.ADMIN, email=person.email)
    assert also.id == person.id
    done = await sign_in(database, passwords, person.email)
    assert isinstance(done, SignedIn) and done.principal.tenant_id == other.id
    first = person.principal.tenant_id
    async with database.system() as db:
        moved = await sign_ins.switch_tenant(db, KEYRING, done.principal, first)
    assert (moved.principal.tenant_id, moved.tenant_name) == (first, "Acme")
    assert moved.principal.sign_in_id == done.principal.sign_in_id
    again = await sign_in(database, passwords, person.email)
    assert isinstance(again, SignedIn) and again.principal.tenant_id == first
    stranger = await a_tenant(database, "Strangers")
    with pytest.raises(Refusal, match="not_found"):
        async with database.system() as db:
            await sign_ins.switch_tenant(db, KEYRING, done.principal, stranger.id)


async def test_a_browser_that_is_sent_away_is_out_at_once(
    database: Database, passwords: Passwords
) -> None:
    person = await a_colleague(database)
    done = await sign_in(database, passwords, person.email)
    assert isinstance(done, SignedIn)
    async with database.system() as db:
        mine = done.principal.sign_in_id
        assert mine is not None
        stranger = await people.add(db, "stranger@example.com", None)
        assert stranger is not None
        with pytest.raises(Refusal, match="not_found"):
            await sign_ins.end_sign_in(db, stranger, mine)
        await sign_ins.end_other_sign_ins(db, person.id, mine)
        assert [one.id for one in await sign_ins.list_sign_ins(db, person.id)] == [mine]
        with pytest.raises(Refusal, match="invalid_api_key"):
            await auth.principal_of_jwt(db, KEYRING, person.token)
        assert await sign_ins.refresh(db, KEYRING, person.signed_in.refresh_token) is None
        assert await auth.principal_of_jwt(db, KEYRING, done.access_jwt) == done.principal
        await sign_ins.end_sign_in(db, person.id, mine)
        with pytest.raises(Refusal, match="invalid_api_key"):
            await auth.principal_of_jwt(db, KEYRING, done.access_jwt)


async def test_a_sign_in_ends_for_good_however_often_it_is_refreshed(database: Database) -> None:
    person = await a_colleague(database)
    await shift(database, "sign_ins", "created_at", 60 - sign_ins.LONGEST_S)
    async with database.system() as db:
        renewed = await sign_ins.refresh(db, KEYRING, person.signed_in.refresh_token)
    assert renewed is not None
    left_s = (renewed.refresh_expires_at - person.signed_in.refresh_expires_at).total_seconds()
    assert left_s < 61 - sign_ins.REFRESH_TTL_S
    await shift(database, "sign_ins", "expires_at", -60)
    async with database.system() as db:
        assert await sign_ins.refresh(db, KEYRING, renewed.refresh_token) is None


async def test_signing_up_makes_a_tenant_and_each_email_one_account(
    database: Database, passwords: Passwords
) -> None:
    async def try_it(name: str) -> SignedIn | Refusal:
        try:
            return await sign_up(
                database, KEYRING, passwords, "New@Example.com", PASSWORD, name, "Bot", VISITOR
            )
        except Refusal as refusal:
            return refusal

    answers = await asyncio.gather(*(try_it(f"Tenant {n}") for n in range(3)))
    assert kinds(answers) == ["conflict", "conflict", "in"]
    (done,) = [one for one in answers if isinstance(one, SignedIn)]
    assert done.principal.role is Role.OWNER
    assert len(await rows(database, "select 1 from tenants")) == 1
    (person,) = await rows(database, "select email from people")
    assert person.email == "new@example.com"
    (bot,) = await rows(database, "select name, tenant_id from bots")
    assert (bot.name, bot.tenant_id) == ("Bot", done.principal.tenant_id)
    assert isinstance(await sign_in(database, passwords, "new@example.com"), SignedIn)
