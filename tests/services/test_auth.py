"""Keys, links and tokens: each lets in whom it was made for, and nobody else."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from livekit import api
from sqlalchemy import event, text

from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.installation import FirstStart, InitRequest
from callmissed.domain.principals import Principal, Role, SignedIn
from callmissed.kit.clock import utc_now
from callmissed.kit.tokens import mint_key
from callmissed.services import auth, sign_ins
from callmissed.services.installation import prepare
from callmissed.store.database import Database
from tests.stories import KEYRING, a_tenant, rows, shift


async def first_start(database: Database) -> FirstStart:
    async with database.system() as db:
        return await prepare(db, KEYRING, InitRequest("Acme", "Clinic reception"))


async def claim(database: Database, secret: str | None) -> SignedIn | Kind:
    try:
        async with database.system() as db:
            return await sign_ins.claim_owner_link(db, KEYRING, secret or "")
    except Refusal as refusal:
        return refusal.kind


async def signed_in(database: Database) -> SignedIn:
    start = await first_start(database)
    done = await claim(database, start.owner_link_secret)
    assert isinstance(done, SignedIn)
    return done


async def refresh(database: Database, token: str) -> SignedIn | None:
    async with database.system() as db:
        return await sign_ins.refresh(db, KEYRING, token)


async def ask_key(database: Database, key: str) -> Principal | Kind:
    try:
        async with database.system() as db:
            return await auth.principal_of_key(db, KEYRING, key)
    except Refusal as refusal:
        return refusal.kind


async def ask_jwt(database: Database, token: str) -> Principal | Kind:
    try:
        async with database.system() as db:
            return await auth.principal_of_jwt(db, KEYRING, token)
    except Refusal as refusal:
        return refusal.kind


async def test_a_key_names_its_tenant(database: Database) -> None:
    one, two = await a_tenant(database), await a_tenant(database)
    for tenant in (one, two):
        found = await ask_key(database, tenant.key)
        assert isinstance(found, Principal)
        assert (found.tenant_id, found.role) == (tenant.id, None)
        assert found.permissions == {"*"}
    (used,) = await rows(database, "select count(last_used_at) as keys from api_keys")
    assert used.keys == 2


async def test_a_key_is_nowhere_in_the_database(database: Database) -> None:
    tenant = await a_tenant(database)
    stored = await rows(database, "select api_keys::text as everything from api_keys")
    assert len(stored) == 1
    assert tenant.key not in stored[0].everything
    assert tenant.key[3:-4] not in stored[0].everything


async def test_unknown_revoked_and_expired_keys_are_refused(database: Database) -> None:
    assert await ask_key(database, mint_key("cm")) is Kind.INVALID_API_KEY
    for column in ("revoked_at", "expires_at"):
        tenant = await a_tenant(database)
        async with database.system() as db:
            await db.connection.execute(
                text(f"update api_keys set {column} = now() - interval '1 s' where tenant_id = :t"),
                {"t": tenant.id},
            )
        assert await ask_key(database, tenant.key) is Kind.INVALID_API_KEY


async def test_a_mistyped_key_costs_no_query(database: Database) -> None:
    tenant = await a_tenant(database)
    asked: list[str] = []
    async with database.system() as db:
        connection = db.connection.sync_connection
        assert connection is not None
        event.listen(connection, "before_cursor_execute", lambda *said: asked.append(said[2]))
        for key in (tenant.key[:-1] + "!", tenant.key + "a", "cm_", "", "x" * 39, "cm_" + "a" * 36):
            with pytest.raises(Refusal, match="invalid_api_key"):
                await auth.principal_of_key(db, KEYRING, key)
        assert asked == []


async def test_the_owner_link_signs_in_once_under_a_race(database: Database) -> None:
    start = await first_start(database)
    answers = await asyncio.gather(*(claim(database, start.owner_link_secret) for _ in range(8)))
    (owner,) = [answer for answer in answers if isinstance(answer, SignedIn)]
    assert [answer for answer in answers if answer != owner] == [Kind.INVALID_API_KEY] * 7
    assert (owner.tenant_name, owner.principal.role) == ("Acme", Role.OWNER)
    assert owner.principal.tenant_id == start.tenant_id
    for wrong in (None, mint_key("cmo"), mint_key("cm"), "\x00"):
        assert await claim(database, wrong) is Kind.INVALID_API_KEY


async def test_an_access_token_names_person_and_role_of_now(database: Database) -> None:
    done = await signed_in(database)
    assert await ask_jwt(database, done.access_jwt) == done.principal
    async with database.system() as db:
        await db.connection.execute(text("update memberships set role = 'member'"))
    found = await ask_jwt(database, done.access_jwt)
    assert isinstance(found, Principal)
    assert found.role is Role.MEMBER
    async with database.system() as db:
        await db.connection.execute(text("delete from memberships"))
    assert await ask_jwt(database, done.access_jwt) is Kind.INVALID_API_KEY


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


@pytest.mark.parametrize(
    "forge",
    [
        *(without(name) for name in ("exp", "iat", "sub", "aud", "iss", "typ", "tenant", "sid")),
        lambda claims: {**claims, "aud": "another-api"},
        lambda claims: {**claims, "iss": "somebody"},
        lambda claims: {**claims, "typ": "refresh"},
        lambda claims: {**claims, "sub": "not an id"},
        lambda claims: {**claims, "sub": str(uuid4())},
        lambda claims: {**claims, "tenant": str(uuid4())},
        lambda claims: {**claims, "tenant": 7},
        lambda claims: {**claims, "sid": str(uuid4())},
        lambda claims: {**claims, "aud": [claims["aud"], "another-api"]},
        lambda claims: {**claims, "iat": claims["iat"] + 3600},
    ],
)
async def test_forged_claims_are_refused(
    database: Database, forge: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    done = await signed_in(database)
    claims = jwt.decode(done.access_jwt, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 900
    forged = jwt.encode(forge(claims), KEYRING.access_jwt, algorithm="HS256")
    assert await ask_jwt(database, forged) is Kind.INVALID_API_KEY


async def test_tokens_of_others_are_refused(database: Database) -> None:
    done = await signed_in(database)
    claims = jwt.decode(done.access_jwt, options={"verify_signature": False})
    grants = api.VideoGrants(room_join=True, room="r")
    for secret in ("another-secret-of-thirty-two-bytes", KEYRING.access_jwt.decode()):
        livekit = api.AccessToken("callmissed", secret).with_identity(claims["sub"])
        assert await ask_jwt(database, livekit.with_grants(grants).to_jwt()) is Kind.INVALID_API_KEY
    for token in (
        jwt.encode(claims, b"x" * 32, algorithm="HS256"),
        jwt.encode(claims, KEYRING.access_jwt * 2, algorithm="HS512"),
        jwt.encode(claims, "", algorithm="none"),
        done.access_jwt[:-2],
        done.refresh_token,
        "a.b.c",
        "é.é.é",
        "",
    ):
        assert await ask_jwt(database, token) is Kind.INVALID_API_KEY


async def test_an_old_token_is_told_to_be_expired(database: Database) -> None:
    done = await signed_in(database)
    claims = jwt.decode(done.access_jwt, options={"verify_signature": False})
    past = int((utc_now() - timedelta(seconds=5)).timestamp())
    old = jwt.encode({**claims, "exp": past}, KEYRING.access_jwt, algorithm="HS256")
    assert await ask_jwt(database, old) is Kind.TOKEN_EXPIRED


async def test_a_refresh_token_is_rotated(database: Database) -> None:
    done = await signed_in(database)
    second = await refresh(database, done.refresh_token)
    assert second is not None
    assert second.refresh_token != done.refresh_token
    assert second.principal == done.principal
    third = await refresh(database, second.refresh_token)
    assert third is not None
    assert await ask_jwt(database, third.access_jwt) == done.principal


async def test_two_tabs_may_refresh_at_once(database: Database) -> None:
    done = await signed_in(database)
    both = await asyncio.gather(*(refresh(database, done.refresh_token) for _ in range(2)))
    assert all(answer is not None for answer in both)
    assert both[0] != both[1]


async def test_a_stolen_refresh_token_ends_its_whole_family(database: Database) -> None:
    done = await signed_in(database)
    second = await refresh(database, done.refresh_token)
    assert second is not None
    await shift(database, "refresh_tokens", "used_at", -60)
    assert await refresh(database, done.refresh_token) is None
    assert await refresh(database, second.refresh_token) is None


async def test_an_expired_or_invented_refresh_token_is_worth_nothing(database: Database) -> None:
    done = await signed_in(database)
    assert await refresh(database, mint_key("cmr")) is None
    assert await refresh(database, done.access_jwt) is None
    await shift(database, "refresh_tokens", "expires_at", -sign_ins.REFRESH_TTL_S)
    assert await refresh(database, done.refresh_token) is None


async def test_signing_out_ends_the_family(database: Database) -> None:
    done = await signed_in(database)
    second = await refresh(database, done.refresh_token)
    assert second is not None
    async with database.system() as db:
        await sign_ins.sign_out(db, KEYRING, second.refresh_token)
        await sign_ins.sign_out(db, KEYRING, "nonsense")
    assert await refresh(database, second.refresh_token) is None
    assert isinstance(done.principal.person_id, UUID)
