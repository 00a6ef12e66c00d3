"""`/v1/me`: whom the credential of this request stands for."""

from uuid import UUID

from pydantic import BaseModel, Field

from callmissed.api.routes import (
    SIGNED,
    CurrentHouse,
    CurrentPrincipal,
    TenantTransaction,
    guarded_router,
    refusals,
)
from callmissed.domain.api_keys import expand
from callmissed.domain.principals import Role
from callmissed.runtime.house import House
from callmissed.services.people import account_of
from callmissed.services.tenants import tenant_name

router = guarded_router("sign-in")


class TenantOut(BaseModel):
    id: UUID
    name: str


class KeyOut(BaseModel):
    id: UUID
    permissions: list[str] = Field(description="Aliases written out; `*` is all of them.")


class PersonOut(BaseModel):
    id: UUID
    email: str | None
    has_password: bool = Field(
        description="False for an owner who came by the link: set one with POST /v1/me/account."
    )


class OwnTenantOut(TenantOut):
    role: Role


class MeOut(BaseModel):
    """A person has `role`, `person` and `tenants`, a key has `key`; the others are null or empty."""

    tenant: TenantOut
    role: Role | None
    key: KeyOut | None
    person: PersonOut | None
    tenants: list[OwnTenantOut] = Field(description="All of the person's, the one used last first.")


@router.get("/v1/me", operation_id="get_me", responses=refusals(*SIGNED))
async def get_me(house: CurrentHouse, db: TenantTransaction, principal: CurrentPrincipal) -> MeOut:
    """The tenant, and the person with their tenants or the key."""
    tenant = TenantOut(id=principal.tenant_id, name=await tenant_name(db))
    key = None
    if principal.key_id is not None:
        key = KeyOut(id=principal.key_id, permissions=sorted(expand(principal.permissions)))
    person: PersonOut | None = None
    tenants: list[OwnTenantOut] = []
    if principal.person_id is not None:
        person, tenants = await _show_person(house, principal.person_id)
    return MeOut(tenant=tenant, role=principal.role, key=key, person=person, tenants=tenants)


async def _show_person(house: House, person_id: UUID) -> tuple[PersonOut, list[OwnTenantOut]]:
    async with house.database.system() as db:
        account, memberships = await account_of(db, person_id)
    person = PersonOut(id=account.person_id, email=account.email, has_password=account.has_password)
    return person, [
        OwnTenantOut(id=one.tenant_id, name=one.tenant_name, role=one.role) for one in memberships
    ]
