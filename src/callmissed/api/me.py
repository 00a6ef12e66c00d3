"""`/v1/me`: whom the credential of this request stands for."""

from uuid import UUID

from pydantic import BaseModel, Field

from callmissed.api.permissions import expand
from callmissed.api.routes import (
    SIGNED,
    CurrentPrincipal,
    TenantTransaction,
    guarded_router,
    refusals,
)
from callmissed.domain.principals import Role
from callmissed.services.tenants import tenant_name

router = guarded_router("sign-in")


class TenantOut(BaseModel):
    id: UUID
    name: str


class KeyOut(BaseModel):
    id: UUID
    permissions: list[str] = Field(description="Aliases written out; `*` is all of them.")


class MeOut(BaseModel):
    """A person has a `role`, a key has `key`; the other one is null."""

    tenant: TenantOut
    role: Role | None
    key: KeyOut | None


@router.get("/v1/me", operation_id="get_me", responses=refusals(*SIGNED))
async def get_me(db: TenantTransaction, principal: CurrentPrincipal) -> MeOut:
    """The tenant, and the role or the key."""
    tenant = TenantOut(id=principal.tenant_id, name=await tenant_name(db))
    key = None
    if principal.key_id is not None:
        key = KeyOut(id=principal.key_id, permissions=sorted(expand(principal.permissions)))
    return MeOut(tenant=tenant, role=principal.role, key=key)
