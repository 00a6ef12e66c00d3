"""People for tests: members of a tenant, signed in as a browser is."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from callmissed.domain.keyring import Keyring
from callmissed.domain.principals import Principal, Role, SignedIn
from callmissed.services.sign_ins import begin_sign_in
from callmissed.store import people
from callmissed.store.database import Database


@dataclass(frozen=True, slots=True)
class Person:
    """A member of a tenant with a browser; `token` is a bearer for the API."""

    id: UUID
    email: str
    signed_in: SignedIn

    @property
    def token(self) -> str:
        return self.signed_in.access_jwt

    @property
    def principal(self) -> Principal:
        return self.signed_in.principal


async def a_person(
    database: Database,
    keyring: Keyring,
    tenant_id: UUID,
    role: Role = Role.MEMBER,
    *,
    email: str | None = None,
    password_hash: str | None = None,
) -> Person:
    """Also for whom there is already: then they join this tenant too."""
    email = email or f"{uuid4().hex}@example.com"
    async with database.system() as db:
        found = await people.find(db, email)
        added = found.person_id if found else await people.add(db, email, password_hash)
        assert added is not None
        await people.add_membership(db, tenant_id, added, role)
        return Person(added, email, await begin_sign_in(db, keyring, added, tenant_id, "tests"))
