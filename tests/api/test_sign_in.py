"""The owner link, the cookie, and who may do what."""

import time
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest

from callmissed.domain.principals import Role
from callmissed.kit.signing import sign_claims
from callmissed.services.auth import ACCESS, AUDIENCE, ISSUER
from tests.api.conftest import Installation, client_of
from tests.conftest import LiveKit
from tests.people import Person, a_person


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def claims_of(person: Person, **changes: Any) -> dict[str, Any]:
    now, principal = int(time.time()), person.principal
    claims = {"iss": ISSUER, "aud": AUDIENCE, "typ": ACCESS, "sub": str(person.id)}
    claims |= {"tenant": str(principal.tenant_id), "sid": str(principal.sign_in_id)}
    return claims | {"iat": now, "exp": now + 60} | changes


async def test_the_owner_link_signs_in_once(
    installation: Installation, nobody: httpx2.AsyncClient, any_error: Any
) -> None:
    secret = {"link_secret": installation.first.owner_link_secret}
    answer = await nobody.post("/v1/auth/claim", json=secret)
    assert answer.status_code == 200, answer.text
    signed_in = answer.json()
    assert signed_in["tenant"] == {"id": str(installation.first.tenant_id), "name": "Acme"}
    assert (signed_in["role"], signed_in["expires_in"]) == ("owner", 900)
    cookies = answer.headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie, path in zip(cookies, ("/v1/auth", "/api/v1/auth"), strict=True):
        assert cookie.startswith("cm_refresh=")
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie
        assert f"Path={path};" in f"{cookie};" and "Secure" not in cookie
    me = await nobody.get("/v1/me", headers=bearer(signed_in["access_token"]))
    seen = me.json()
    assert seen["tenants"] == [{**signed_in["tenant"], "role": "owner"}]
    assert (seen["tenant"], seen["role"], seen["key"]) == (signed_in["tenant"], "owner", None)
    assert (seen["person"]["email"], seen["person"]["has_password"]) == (None, False)
    created = await nobody.post(
        "/v1/voice/sessions", json={}, headers=bearer(signed_in["access_token"])
    )
    assert created.status_code == 201
    any_error(await nobody.post("/v1/auth/claim", json=secret), 401, "invalid_api_key")
    await _refresh_and_leave(nobody, any_error)


async def _refresh_and_leave(nobody: httpx2.AsyncClient, any_error: Any) -> None:
    fresh = await nobody.post("/v1/auth/refresh")
    assert fresh.status_code == 200
    again = await nobody.post("/api/v1/auth/refresh")
    assert again.status_code == 200
    left = await nobody.post("/v1/auth/logout")
    assert left.status_code == 204
    assert all("Max-Age=0" in cookie for cookie in left.headers.get_list("set-cookie"))
    token = again.cookies.get("cm_refresh", path="/v1/auth")
    old = {"Cookie": f"cm_refresh={token}"}
    any_error(await nobody.post("/v1/auth/refresh", headers=old), 401, "token_expired")


async def test_without_the_cookie_there_is_no_refresh(
    nobody: httpx2.AsyncClient, any_error: Any
) -> None:
    any_error(await nobody.post("/v1/auth/refresh"), 401, "token_expired")
    odd = {"Cookie": "cm_refresh=cmr_nothing"}
    any_error(await nobody.post("/v1/auth/refresh", headers=odd), 401, "token_expired")
    assert (await nobody.post("/v1/auth/logout")).status_code == 204
    assert (await nobody.post("/v1/auth/logout", headers=odd)).status_code == 204


@pytest.mark.parametrize("body", [b"", b"{}", b'{"link_secret": ""}', b'{"secret": "x"}'])
async def test_a_claim_needs_its_secret(
    nobody: httpx2.AsyncClient, any_error: Any, body: bytes
) -> None:
    any_error(await nobody.post("/v1/auth/claim", content=body), 422, "invalid_value")


@pytest.mark.parametrize(
    ("role", "create", "read"),
    [
        (Role.OWNER, 201, 200),
        (Role.ADMIN, 201, 200),
        (Role.MEMBER, 201, 200),
        (Role.ATTENDANT, 403, 200),
    ],
)
async def test_roles_may_what_the_table_says(
    installation: Installation, role: Role, create: int, read: int
) -> None:
    token = (await _person_of(installation, role)).token
    async with client_of(installation.app, token) as client:
        assert (await client.post("/v1/voice/sessions", json={})).status_code == create
        assert (await client.get("/v1/voice/sessions")).status_code == read


async def test_forged_tokens_are_strangers(
    installation: Installation, nobody: httpx2.AsyncClient, livekit: LiveKit, any_error: Any
) -> None:
    key = installation.house.keyring.access_jwt
    owner = await _person_of(installation, Role.OWNER)
    good = claims_of(owner)
    assert (await nobody.get("/v1/me", headers=bearer(sign_claims(key, good)))).status_code == 200
    forged = [
        sign_claims(b"x" * 32, good),
        jwt.encode(good, None, algorithm="none"),
        jwt.encode(good, key * 2, algorithm="HS512"),
        sign_claims(key, {**good, "aud": "other"}),
        sign_claims(key, {**good, "iss": "other"}),
        sign_claims(key, {**good, "typ": "refresh"}),
        sign_claims(key, {**good, "sub": str(uuid4())}),
        sign_claims(key, {**good, "tenant": str(uuid4())}),
        sign_claims(key, {**good, "tenant": 7}),
        *(sign_claims(key, {n: v for n, v in good.items() if n != name}) for name in good),
        installation.house.rooms.agent_token("voice-x"),
        jwt.encode(good, livekit.secret, algorithm="HS256"),
    ]
    for token in forged:
        any_error(await nobody.get("/v1/me", headers=bearer(token)), 401, "invalid_api_key")
    expired = sign_claims(key, claims_of(owner, exp=int(time.time()) - 60))
    any_error(await nobody.get("/v1/me", headers=bearer(expired)), 401, "token_expired")


async def test_a_key_sees_itself(installation: Installation) -> None:
    async with client_of(installation.app, await installation.key_with("voice")) as client:
        me = (await client.get("/v1/me")).json()
    assert (me["role"], me["person"], me["tenants"]) == (None, None, [])
    assert me["key"]["permissions"] == ["llm", "stt", "tts", "voice"]


async def _person_of(installation: Installation, role: Role) -> Person:
    house = installation.house
    return await a_person(house.database, house.keyring, installation.first.tenant_id, role)
