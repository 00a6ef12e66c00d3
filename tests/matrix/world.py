"""Tenants side by side, and everybody who might ask: people, keys, and those who have nothing."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx2
import jwt
import psycopg
from fastapi import FastAPI

from callmissed.domain.principals import Role
from callmissed.kit.sealing import seal
from callmissed.kit.signing import sign_claims
from callmissed.kit.tokens import keyed_hash, mint_key
from callmissed.runtime.house import House
from callmissed.services.provider_keys import place_of_key
from tests.matrix.catalog import Catalog
from tests.matrix.rows import Rows

LINK_PREFIX = "cmo"
PUBLISHABLE_KIND = "publishable"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request it is: the headers it carries, its tenant, its person, the bot it is bound to."""

    kind: str
    headers: dict[str, str]
    side: Rows | None
    person_id: UUID | None = None
    bot_id: UUID | None = None


@dataclass(slots=True)
class Installation:
    """What all worlds stand on. `secrets` gathers every secret that was ever issued here."""

    house: House
    app: FastAPI
    connection: psycopg.Connection
    catalog: Catalog
    secrets: list[str] = field(default_factory=list)

    def rows(self) -> Rows:
        rows = Rows(self.connection, self.catalog)
        rows.fill()
        self._seal_provider_key(rows)
        return rows

    def _seal_provider_key(self, rows: Rows) -> None:
        """As the platform would have: an empty one, for a provider that needs none."""
        row = rows.first["provider_keys"]
        place = place_of_key(rows.tenant_id, row["provider"], row["base_url"])
        sealed = seal(self.house.keyring.sealing, "", place=place)
        statement = "update provider_keys set sealed_key = %s where tenant_id = %s"
        self.connection.execute(statement, [sealed, rows.tenant_id])

    async def ask(self, address: str, method: str, path: str, **more: Any) -> httpx2.Response:
        transport = httpx2.ASGITransport(app=self.app, client=(address, 50_000))
        async with httpx2.AsyncClient(transport=transport, base_url="http://api.test") as client:
            return await client.request(method, path, **more)


@dataclass(slots=True)
class World:
    """`ours` and `theirs` are tenants with a row in every table. Nobody else is in them."""

    installation: Installation
    ours: Rows
    theirs: Rows
    address: str = field(default_factory=lambda: f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1")

    @classmethod
    def make(cls, installation: Installation) -> "World":
        return cls(installation, installation.rows(), installation.rows())

    async def ask(
        self, caller: Caller | None, method: str, path: str, **more: Any
    ) -> httpx2.Response:
        headers = {} if caller is None else caller.headers
        return await self.installation.ask(self.address, method, path, headers=headers, **more)

    async def person(self, side: Rows, role: Role, kind: str) -> Caller:
        """Signed in by an owner link, as whatever role."""
        person_id, secret = self.add_person(side, role), mint_key(LINK_PREFIX)
        hashed = keyed_hash(self.installation.house.keyring.refresh, secret)
        side.make("owner_links", person_id=person_id, secret_hash=hashed)
        answer = await self.ask(None, "POST", "/v1/auth/claim", json={"link_secret": secret})
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
        self.installation.secrets += [
            secret,
            token,
            *(cookie.value or "" for cookie in answer.cookies.jar),
        ]
        return Caller(kind, _bearer(token), side, person_id)

    def add_person(self, side: Rows, role: Role) -> UUID:
        person_id: UUID = side.make("people")["id"]
        side.make("memberships", person_id=person_id, role=role.value)
        return person_id

    def add_bot(self, side: Rows) -> UUID:
        bot_id: UUID = side.make("bots")["id"]
        side.make("bot_versions", bot_id=bot_id)
        side.make("bot_drafts", bot_id=bot_id)
        return bot_id

    def key(
        self,
        side: Rows,
        kind: str,
        *permissions: str,
        prefix: str = "cm",
        origin: str | None = None,
        **columns: Any,
    ) -> Caller:
        """A publishable key has its own prefix, and is sent from a page of `origin`."""
        key = mint_key(prefix)
        columns.setdefault("allowed_domains", [])
        if prefix != "cm":
            columns["kind"] = PUBLISHABLE_KIND
        hashed = keyed_hash(self.installation.house.keyring.api_keys, key)
        side.make("api_keys", key_hash=hashed, permissions=list(permissions), **columns)
        self.installation.secrets.append(key)
        headers = _bearer(key) if origin is None else {**_bearer(key), "Origin": origin}
        return Caller(kind, headers, side, bot_id=columns.get("bot_id"))

    def unissued_key(self) -> str:
        return mint_key("cm")

    async def expired(self) -> Caller:
        """A token that was good and whose time is over."""
        signed = await self.person(self.ours, Role.OWNER, "expired token")
        token = signed.headers["Authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, options={"verify_signature": False})
        claims |= {"iat": claims["iat"] - 7200, "exp": claims["iat"] - 3600}
        old = sign_claims(self.installation.house.keyring.access_jwt, claims)
        return Caller("expired token", _bearer(old), self.ours)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
