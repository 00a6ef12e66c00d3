"""Roles, the last owner, invitations and password links, each under a race too."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from callmissed.domain.errors import Refusal
from callmissed.domain.people import INVITE_TTL_S, RESET_TTL_S, Visitor
from callmissed.domain.principals import Principal, Role, SignedIn
from callmissed.kit.passwords import hash_password, password_fits
from callmissed.kit.tokens import mint_key
from callmissed.services import auth, invites, password_resets, people, sign_ins, sweeps
from callmissed.services.passwords import Passwords
from callmissed.store.database import Database
from tests.people import Person, a_person
from tests.stories import KEYRING, a_tenant, rows, shift

PASSWORD, OTHER = "a lamp made of old dogs", "nine quiet elephants sing"
HASHED = hash_password(PASSWORD)
VISITOR = Visitor("192.0.2.7", "a browser")
URL = "http://here"
EMAIL = "asha@example.com"


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


@pytest.fixture
async def owner(database: Database) -> Person:
    tenant = await a_tenant(database)
    return await a_person(database, KEYRING, tenant.id, Role.OWNER, password_hash=HASHED)


async def outcome(work: Coroutine[Any, Any, Any]) -> Any:
    """Its result, or the kind of its refusal."""
    try:
        return await work
    except Refusal as refusal:
        return refusal.kind.value


async def colleague(database: Database, owner: Person, role: Role, **more: Any) -> Person:
    return await a_person(database, KEYRING, owner.principal.tenant_id, role, **more)


async def change(database: Database, by: Principal, who: UUID, role: Role) -> Any:
    async def work() -> Any:
        async with database.tenant(by.tenant_id) as db:
            return (await people.change_role(db, by, who, role)).role

    return await outcome(work())


async def remove(database: Database, by: Principal, who: UUID) -> Any:
    async def work() -> Any:
        async with database.tenant(by.tenant_id) as db:
            await people.remove_person(db, by, who)

    return await outcome(work())


async def invite(database: Database, by: Principal, email: str, role: Role, **more: Any) -> Any:
    """The secret of the link."""

    async def work() -> Any:
        async with database.tenant(by.tenant_id) as db:
            _, link = await invites.invite_person(
                db, KEYRING, by, email, role, **{"public_url": URL, "by_mail": False, **more}
            )
            return link.partition("#")[2]

    return await outcome(work())


async def accept(
    database: Database, passwords: Passwords, secret: str, password: str = PASSWORD
) -> Any:
    return await outcome(
        invites.accept_invite(database, KEYRING, passwords, secret, password, VISITOR)
    )


async def role_now(database: Database, person: Person) -> Role | str | None:
    async with database.system() as db:
        try:
            return (await auth.principal_of_jwt(db, KEYRING, person.token)).role
        except Refusal as refusal:
            return refusal.kind.value


async def test_a_role_is_in_force_at_once(database: Database, owner: Person) -> None:
    member = await colleague(database, owner, Role.MEMBER)
    assert await change(database, owner.principal, member.id, Role.ATTENDANT) is Role.ATTENDANT
    assert await role_now(database, member) is Role.ATTENDANT
    assert await change(database, owner.principal, uuid4(), Role.MEMBER) == "not_found"
    logged = await rows(database, "select action, target, details from audit_log order by id")
    entry = logged[-1]
    assert (entry.action, entry.target) == ("person.role_changed", str(member.id))
    assert entry.details == {"from": "member", "to": "attendant"}


async def test_a_removed_person_is_out_at_once(database: Database, owner: Person) -> None:
    member = await colleague(database, owner, Role.MEMBER)
    assert await remove(database, owner.principal, member.id) is None
    assert await role_now(database, member) == "invalid_api_key"
    async with database.system() as db:
        assert await sign_ins.refresh(db, KEYRING, member.signed_in.refresh_token) is None
        await sweeps.delete_expired(db)
    assert len(await rows(database, "select 1 from people")) == 1


async def test_only_owners_touch_owners(database: Database, owner: Person) -> None:
    admin = await colleague(database, owner, Role.ADMIN)
    member = await colleague(database, owner, Role.MEMBER)
    assert await change(database, admin.principal, member.id, Role.OWNER) == "permission_denied"
    assert await change(database, admin.principal, owner.id, Role.MEMBER) == "permission_denied"
    assert await remove(database, admin.principal, owner.id) == "permission_denied"
    assert await invite(database, admin.principal, EMAIL, Role.OWNER) == "permission_denied"
    key = Principal(owner.principal.tenant_id, None, None, uuid4(), frozenset({"*"}))
    assert await change(database, key, member.id, Role.OWNER) == "permission_denied"
    assert await change(database, admin.principal, member.id, Role.ADMIN) is Role.ADMIN
    assert await change(database, owner.principal, member.id, Role.OWNER) is Role.OWNER


async def test_a_tenant_keeps_its_last_owner(database: Database, owner: Person) -> None:
    assert await change(database, owner.principal, owner.id, Role.ADMIN) == "conflict"
    assert await remove(database, owner.principal, owner.id) == "conflict"
    assert await change(database, owner.principal, owner.id, Role.OWNER) is Role.OWNER


@pytest.mark.parametrize("how", ["remove each other", "leave at once", "demote each other"])
async def test_of_two_owners_one_stays_under_a_race(
    database: Database, owner: Person, how: str
) -> None:
    other = await colleague(database, owner, Role.OWNER)
    pairs = [(owner, other), (other, owner)]
    if how == "remove each other":
        work = [remove(database, by.principal, who.id) for by, who in pairs]
    elif how == "leave at once":
        work = [remove(database, by.principal, by.id) for by, _ in pairs]
    else:
        work = [change(database, by.principal, who.id, Role.MEMBER) for by, who in pairs]
    answers = await asyncio.gather(*work)
    assert len([one for one in answers if one in ("conflict", "permission_denied")]) == 1
    assert len(await rows(database, "select 1 from memberships where role = 'owner'")) == 1


async def test_colleagues_are_seen_without_their_passwords(
    database: Database, owner: Person
) -> None:
    stranger = await a_tenant(database, "Strangers")
    await a_person(database, KEYRING, stranger.id)
    async with database.tenant(owner.principal.tenant_id) as db:
        found, total = await people.list_people(db, 50, 0)
        assert ([one.person_id for one in found], total) == ([owner.id], 1)
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.tenant(owner.principal.tenant_id) as db:
            await db.connection.execute(text("select password_hash from people"))


async def test_of_many_who_accept_one_invitation_one_joins(
    database: Database, passwords: Passwords, owner: Person
) -> None:
    secret = await invite(database, owner.principal, "Asha@Example.com", Role.ADMIN)
    async with database.system() as db:
        shown = await invites.read_invite(db, KEYRING, secret)
    assert (shown.email, shown.role, shown.has_account) == (EMAIL, Role.ADMIN, False)
    answers = await asyncio.gather(*(accept(database, passwords, secret) for _ in range(5)))
    (joined,) = [one for one in answers if isinstance(one, SignedIn)]
    assert [one for one in answers if one is not joined] == ["link_not_valid"] * 4
    assert joined.principal.role is Role.ADMIN
    assert joined.principal.tenant_id == owner.principal.tenant_id
    stored = await rows(database, "select invites::text as everything from invites")
    assert stored == []
    assert await invite(database, owner.principal, EMAIL, Role.MEMBER) == "conflict"


async def test_who_has_an_account_joins_with_its_password_only(
    database: Database, passwords: Passwords, owner: Person
) -> None:
    """The inviter saw the link, too."""
    elsewhere = await a_tenant(database, "Elsewhere")
    await a_person(database, KEYRING, elsewhere.id, email=EMAIL, password_hash=HASHED)
    secret = await invite(database, owner.principal, EMAIL, Role.MEMBER)
    assert await accept(database, passwords, secret, OTHER) == "invalid_credentials"
    joined = await accept(database, passwords, secret)
    assert joined.principal.tenant_id == owner.principal.tenant_id
    await a_person(database, KEYRING, elsewhere.id, email="link@example.com")
    secret = await invite(database, owner.principal, "link@example.com", Role.MEMBER)
    assert await accept(database, passwords, secret) == "invalid_credentials"


async def test_an_invitation_ends_with_its_time_its_sender_or_its_successor(
    database: Database, passwords: Passwords, owner: Person
) -> None:
    first = await invite(database, owner.principal, EMAIL, Role.MEMBER)
    second = await invite(database, owner.principal, EMAIL, Role.MEMBER)
    assert await accept(database, passwords, first) == "link_not_valid"
    await shift(database, "invites", "expires_at", -INVITE_TTL_S)
    assert await accept(database, passwords, second) == "link_not_valid"
    admin = await colleague(database, owner, Role.ADMIN)
    for leave in (
        lambda: change(database, owner.principal, admin.id, Role.MEMBER),
        lambda: remove(database, owner.principal, admin.id),
    ):
        third = await invite(database, admin.principal, EMAIL, Role.MEMBER)
        await leave()
        assert await accept(database, passwords, third) == "link_not_valid"
    for wrong in ("", "cmi_x", mint_key("cmi")):
        assert await accept(database, passwords, wrong) == "link_not_valid"


async def test_an_invitation_is_withdrawn_by_who_may_make_it(
    database: Database, passwords: Passwords, owner: Person
) -> None:
    admin = await colleague(database, owner, Role.ADMIN)
    secret = await invite(database, owner.principal, EMAIL, Role.OWNER)
    assert await invite(database, admin.principal, EMAIL, Role.MEMBER) == "permission_denied"
    (found,) = await rows(database, "select id from invites")

    async def revoke(by: Principal) -> Any:
        async with database.tenant(by.tenant_id) as db:
            await invites.revoke_invite(db, by, found.id)

    assert await outcome(revoke(admin.principal)) == "permission_denied"
    assert await outcome(revoke(owner.principal)) is None
    assert await outcome(revoke(owner.principal)) == "not_found"
    assert await accept(database, passwords, secret) == "link_not_valid"


async def test_of_many_who_use_one_password_link_one_succeeds(
    database: Database, passwords: Passwords, owner: Person
) -> None:
    async with database.system() as db:
        assert await password_resets.make_reset_link(db, KEYRING, "nobody@x.y", URL) is None
        older = await password_resets.make_reset_link(db, KEYRING, owner.email, URL)
        link = await password_resets.make_reset_link(db, KEYRING, owner.email, URL)
    assert older is not None and link is not None and link.startswith(f"{URL}/reset#cmw_")

    def use(link: str, password: str = OTHER) -> Any:
        secret = link.partition("#")[2]
        return outcome(
            password_resets.reset_password(database, KEYRING, passwords, secret, password)
        )

    assert await use(older) == "link_not_valid"
    assert await use(link, "password1234") == "invalid_value"
    answers = await asyncio.gather(*(use(link) for _ in range(4)))
    assert sorted(map(str, answers)) == ["None", *["link_not_valid"] * 3]
    (stored,) = await rows(database, "select password_hash from people")
    assert password_fits(stored.password_hash, OTHER)
    assert await role_now(database, owner) == "invalid_api_key"
    async with database.system() as db:
        late = await password_resets.make_reset_link(db, KEYRING, owner.email, URL)
    await shift(database, "password_resets", "expires_at", -RESET_TTL_S)
    assert late is not None and await use(late) == "link_not_valid"


async def test_changing_the_password_signs_the_other_browsers_out(
    database: Database, passwords: Passwords, owner: Person
) -> None:
    other = await a_person(
        database, KEYRING, owner.principal.tenant_id, Role.OWNER, email=owner.email
    )

    def work(old: str, new: str) -> Any:
        return outcome(
            password_resets.change_password(
                database, KEYRING, passwords, owner.principal, old, new, VISITOR
            )
        )

    assert await work(OTHER, OTHER) == "invalid_credentials"
    assert await work(PASSWORD, owner.email) == "invalid_value"
    assert await work(PASSWORD, OTHER) is None
    assert await role_now(database, owner) is Role.OWNER
    assert await role_now(database, other) == "invalid_api_key"
    assert await work(PASSWORD, OTHER) == "invalid_credentials"


async def test_an_owner_by_link_sets_an_account_once(database: Database) -> None:
    tenant = await a_tenant(database)
    owner = await a_person(database, KEYRING, tenant.id, Role.OWNER)
    await a_person(database, KEYRING, tenant.id, email="taken@example.com")

    async def work(email: str) -> Any:
        async with database.system() as db:
            return (await people.set_account(db, owner.principal, email, HASHED)).email

    assert await outcome(work("taken@example.com")) == "conflict"
    answers = await asyncio.gather(*(outcome(work(f"o{n}@example.com")) for n in range(3)))
    assert answers.count("conflict") == 2
