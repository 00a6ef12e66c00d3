"""People of a tenant over HTTP: invited, signed in, given roles, sent away."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import update

from callmissed.api.app import create_app
from callmissed.domain.principals import Role
from callmissed.kit.passwords import hash_password
from callmissed.kit.tokens import keyed_hash, mint_key
from callmissed.services.attempts import PASSWORDS_OF_ACCOUNT
from callmissed.services.password_resets import make_reset_link
from callmissed.store import owner_links
from callmissed.store.schema import people
from tests.api.conftest import Installation, client_of
from tests.people import Person, a_person

PASSWORD, OTHER = "a lamp made of old dogs", "nine quiet elephants sing"
HASHED = hash_password(PASSWORD)


def email() -> str:
    return f"{uuid4().hex}@example.com"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def browser_of(app: FastAPI, address: str = "192.0.2.1") -> httpx2.AsyncClient:
    """A client with cookies and an address of its own."""
    transport = httpx2.ASGITransport(app=app, client=(address, 4711))
    return httpx2.AsyncClient(transport=transport, base_url="http://api.test")


@pytest_asyncio.fixture
async def owner(installation: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    person = await person_of(installation, Role.OWNER)
    async with client_of(installation.app, person.token) as client:
        yield client


@pytest_asyncio.fixture
async def browser(installation: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser_of(installation.app) as client:
        yield client


async def person_of(installation: Installation, role: Role, **more: Any) -> Person:
    house = installation.house
    tenant_id = installation.first.tenant_id
    return await a_person(house.database, house.keyring, tenant_id, role, **more)


async def test_an_invited_person_joins_signs_in_and_is_removed(
    installation: Installation,
    owner: httpx2.AsyncClient,
    browser: httpx2.AsyncClient,
    any_error: Any,
) -> None:
    address = email()
    made = await owner.post("/v1/people/invites", json={"email": address, "role": "member"})
    assert made.status_code == 201, made.text
    invite, (url, secret) = made.json(), made.json()["link"].split("#")
    assert (url, invite["mailed"], invite["email"]) == ("http://api.test/invite", False, address)
    listed = await owner.get("/v1/people/invites", params={"limit": 200})
    shown = {name: value for name, value in invite.items() if name not in ("link", "mailed")}
    assert shown in listed.json()
    read = await browser.post("/v1/auth/read-invite", json={"secret": secret})
    assert read.json() == {
        "tenant_name": "Acme",
        "email": address,
        "role": "member",
        "has_account": False,
    }
    body = {"secret": secret, "password": PASSWORD}
    joined = await browser.post("/v1/auth/accept-invite", json=body)
    assert joined.status_code == 200 and joined.json()["role"] == "member"
    any_error(await browser.post("/v1/auth/accept-invite", json=body), 401, "link_not_valid")
    signed_in = await browser.post(
        "/v1/auth/login", json={"email": address.upper(), "password": PASSWORD}
    )
    token = bearer(signed_in.json()["access_token"])
    me = (await browser.get("/v1/me", headers=token)).json()
    assert me["person"] == {"id": me["person"]["id"], "email": address, "has_password": True}
    sessions = (await browser.get("/v1/auth/sessions", headers=token)).json()
    assert [one["is_this"] for one in sessions] == [True, False]
    path = f"/v1/people/{me['person']['id']}"
    changed = await owner.patch(path, json={"role": "attendant"})
    assert changed.json()["role"] == "attendant"
    assert (await owner.delete(path)).status_code == 204
    any_error(await browser.get("/v1/me", headers=token), 401, "invalid_api_key")
    any_error(await browser.post("/v1/auth/refresh"), 401, "token_expired")
    any_error(await owner.delete(path), 404, "not_found")
    refused = await browser.post("/v1/auth/login", json={"email": address, "password": PASSWORD})
    any_error(refused, 403, "permission_denied")


async def test_browsers_are_listed_and_sent_away(
    installation: Installation, browser: httpx2.AsyncClient, any_error: Any
) -> None:
    person = await person_of(installation, Role.MEMBER, email=email(), password_hash=HASHED)
    body = {"email": person.email, "password": PASSWORD}
    token = bearer((await browser.post("/v1/auth/login", json=body)).json()["access_token"])
    mine, old = (await browser.get("/v1/auth/sessions", headers=token)).json()
    assert (mine["is_this"], old["is_this"], old["user_agent"]) == (True, False, "tests")
    gone = await browser.delete(f"/v1/auth/sessions/{old['id']}", headers=token)
    assert gone.status_code == 204
    any_error(await browser.get("/v1/me", headers=bearer(person.token)), 401, "invalid_api_key")
    again = await browser.delete(f"/v1/auth/sessions/{old['id']}", headers=token)
    any_error(again, 404, "not_found")
    assert (await browser.delete("/v1/auth/sessions", headers=token)).status_code == 204
    assert len((await browser.get("/v1/auth/sessions", headers=token)).json()) == 1


async def test_one_browser_works_in_two_tenants(
    installation: Installation, browser: httpx2.AsyncClient, any_error: Any
) -> None:
    house, first = installation.house, installation.first.tenant_id
    person = await person_of(installation, Role.MEMBER, email=email(), password_hash=HASHED)
    async with client_of(installation.app, installation.strangers_key) as stranger:
        other = (await stranger.get("/v1/me")).json()["tenant"]
    body = {"email": person.email, "password": PASSWORD, "tenant_id": other["id"]}
    any_error(await browser.post("/v1/auth/login", json=body), 404, "not_found")
    await a_person(house.database, house.keyring, UUID(other["id"]), Role.OWNER, email=person.email)
    signed_in = (await browser.post("/v1/auth/login", json=body)).json()
    assert (signed_in["tenant"], signed_in["role"]) == (other, "owner")
    token = bearer(signed_in["access_token"])
    moved = await browser.post("/v1/auth/switch", json={"tenant_id": str(first)}, headers=token)
    assert (moved.json()["tenant"]["id"], moved.json()["role"]) == (str(first), "member")
    kept = await browser.post("/v1/auth/refresh")
    assert kept.json()["tenant"]["id"] == str(first)
    me = (await browser.get("/v1/me", headers=bearer(kept.json()["access_token"]))).json()
    assert [one["id"] for one in me["tenants"]] == [str(first), other["id"]]
    wrong = await browser.post("/v1/auth/switch", json={"tenant_id": str(uuid4())}, headers=token)
    any_error(wrong, 404, "not_found")


async def test_a_wrong_password_says_nothing_and_ten_close_the_account(
    installation: Installation, any_error: Any
) -> None:
    person = await person_of(installation, Role.MEMBER, email=email(), password_hash=HASHED)
    async with browser_of(installation.app, "192.0.2.200") as browser:
        unknown = await browser.post("/v1/auth/login", json={"email": email(), "password": OTHER})
        said = any_error(unknown, 401, "invalid_credentials")
        for _ in range(PASSWORDS_OF_ACCOUNT.count):
            body = {"email": person.email, "password": OTHER}
            answer = await browser.post("/v1/auth/login", json=body)
            error = any_error(answer, 401, "invalid_credentials")
            assert (error["message"], error["hint"]) == (said["message"], said["hint"])
        body = {"email": person.email, "password": PASSWORD}
        closed = await browser.post("/v1/auth/login", json=body)
        any_error(closed, 429, "rate_limited")
        assert 0 < int(closed.headers["retry-after"]) <= 900


async def test_a_password_is_changed_and_replaced_by_a_link(
    installation: Installation, browser: httpx2.AsyncClient, any_error: Any
) -> None:
    person = await person_of(installation, Role.MEMBER, email=email(), password_hash=HASHED)
    token = bearer(person.token)
    body = {"old_password": PASSWORD, "new_password": "password1234"}
    common = await browser.post("/v1/me/password", json=body, headers=token)
    assert any_error(common, 422, "invalid_value")["param"] == "new_password"
    body["new_password"] = OTHER
    changed = await browser.post("/v1/me/password", json=body, headers=token)
    assert changed.status_code == 204
    for asked in (person.email, email()):
        sent = await browser.post("/v1/auth/password-reset", json={"email": asked})
        assert (sent.status_code, sent.json()) == (202, None)
    house = installation.house
    async with house.database.system() as db:
        link = await make_reset_link(db, house.keyring, person.email, "http://api.test")
    assert link is not None
    use = {"secret": link.partition("#")[2], "password": PASSWORD}
    done = await browser.post("/v1/auth/password-reset/confirm", json=use)
    assert done.status_code == 204
    any_error(
        await browser.post("/v1/auth/password-reset/confirm", json=use), 401, "link_not_valid"
    )
    any_error(await browser.get("/v1/me", headers=token), 401, "invalid_api_key")
    body = {"email": person.email, "password": PASSWORD}
    assert (await browser.post("/v1/auth/login", json=body)).status_code == 200


async def test_an_owner_by_link_sets_an_account_once(
    installation: Installation, browser: httpx2.AsyncClient, any_error: Any
) -> None:
    person = await person_of(installation, Role.OWNER, email=email())
    token, address = bearer(person.token), email()
    me = (await browser.get("/v1/me", headers=token)).json()
    assert me["person"]["has_password"] is False
    body = {"email": address, "password": PASSWORD}
    made = await browser.post("/v1/me/account", json=body, headers=token)
    assert made.json() == {"id": str(person.id), "email": address, "has_password": True}
    again = await browser.post("/v1/me/account", json=body, headers=token)
    any_error(again, 409, "conflict")
    assert (await browser.post("/v1/auth/login", json=body)).status_code == 200


async def test_sign_up_is_closed_until_it_is_opened(
    installation: Installation, browser: httpx2.AsyncClient, any_error: Any
) -> None:
    body = {"email": email(), "password": PASSWORD, "tenant_name": "Beta"}
    any_error(await browser.post("/v1/auth/sign-up", json=body), 403, "permission_denied")
    shown = (await browser.get("/v1/auth/options")).json()
    assert shown == {"sign_up": False, "mail": False, "min_password_chars": 12}
    house = installation.house
    opened = replace(house, settings=house.settings.model_copy(update={"sign_up": "open"}))
    async with browser_of(create_app(opened)) as browser:
        assert (await browser.get("/v1/auth/options")).json()["sign_up"] is True
        made = await browser.post("/v1/auth/sign-up", json=body)
        assert made.status_code == 201, made.text
        assert (made.json()["tenant"]["name"], made.json()["role"]) == ("Beta", "owner")
        token = bearer(made.json()["access_token"])
        assert len((await browser.get("/v1/bots", headers=token)).json()) == 1
        taken = await browser.post("/v1/auth/sign-up", json=body)
        assert any_error(taken, 409, "conflict")["param"] == "email"


async def test_a_form_of_another_site_signs_nobody_in_or_out(
    installation: Installation, browser: httpx2.AsyncClient, any_error: Any
) -> None:
    person = await person_of(installation, Role.MEMBER, email=email(), password_hash=HASHED)
    body = {"email": person.email, "password": PASSWORD}
    for mode in ("navigate", "no-cors"):
        for site in ("cross-site", "same-site"):
            sent = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
            for path in ("login", "logout", "refresh"):
                given = body if path == "login" else None
                answer = await browser.post(f"/v1/auth/{path}", json=given, headers=sent)
                any_error(answer, 403, "permission_denied")
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert (await browser.post("/v1/auth/login", json=body, headers=own)).status_code == 200


async def test_keys_change_people_only_with_the_permission(
    installation: Installation, any_error: Any
) -> None:
    body = {"email": email(), "role": "member"}
    async with client_of(installation.app, await installation.key_with("voice")) as client:
        any_error(await client.get("/v1/people"), 403, "permission_denied")
        any_error(await client.post("/v1/people/invites", json=body), 403, "permission_denied")
    async with client_of(installation.app, await installation.key_with("people:write")) as client:
        assert (await client.get("/v1/people")).status_code == 200
        assert (await client.post("/v1/people/invites", json=body)).status_code == 201
        body["role"] = "owner"
        any_error(await client.post("/v1/people/invites", json=body), 403, "permission_denied")
        any_error(await client.get("/v1/auth/sessions"), 403, "permission_denied")


async def test_the_owner_link_and_an_account_go_in_one_step(
    installation: Installation, browser: httpx2.AsyncClient, any_error: Any
) -> None:
    person, house = await person_of(installation, Role.OWNER), installation.house
    secret, address = mint_key("cmo"), email()
    async with house.database.system() as db:
        hashed = keyed_hash(house.keyring.refresh, secret)
        tenant_id = installation.first.tenant_id
        await db.connection.execute(
            update(people).where(people.c.id == person.id).values(email=None)
        )
        await owner_links.add(db, tenant_id, person.id, hashed, b"sealed")
    half = {"link_secret": secret, "email": address}
    refused = await browser.post("/v1/auth/claim", json=half)
    assert any_error(refused, 422, "invalid_value")["param"] == "password"
    common = await browser.post("/v1/auth/claim", json={**half, "password": "password1234"})
    any_error(common, 422, "invalid_value")
    claimed = await browser.post("/v1/auth/claim", json={**half, "password": PASSWORD})
    assert claimed.status_code == 200, claimed.text
    body = {"email": address, "password": PASSWORD}
    assert (await browser.post("/v1/auth/login", json=body)).json()["role"] == "owner"
