"""`/v1/tenant`: the tenant of whoever asks, its settings, its end."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, status
from pydantic import BaseModel, ConfigDict, Field

from callmissed.api.deletions import DataDeletionOut, show_deletion
from callmissed.api.routes import (
    SIGNED,
    WITH_BODY,
    CurrentHouse,
    CurrentPrincipal,
    TenantTransaction,
    guarded_router,
    refusals,
)
from callmissed.api.session_forms import Moment, Whole
from callmissed.domain.audit import actor_of
from callmissed.domain.errors import Kind
from callmissed.domain.tenants import (
    LONGEST_RETENTION_DAYS,
    MAX_NAME_CHARS,
    Plan,
    Tenant,
    TenantChange,
)
from callmissed.services import deletions, tenants

router = guarded_router("tenant")


class TenantOut(BaseModel):
    id: UUID
    name: str
    plan: Plan
    retention_days: int | None = Field(
        description="Ended sessions are deleted so many days after their end; null keeps them."
    )
    created_at: Moment


class TenantIn(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", min_length=1, max_length=MAX_NAME_CHARS, pattern=r"\S")
    retention_days: Whole | None = Field(
        None, ge=1, le=LONGEST_RETENTION_DAYS, description="Null keeps sessions."
    )


@router.get("/v1/tenant", operation_id="get_tenant", responses=refusals(*SIGNED))
async def get_tenant(db: TenantTransaction) -> TenantOut:
    """The tenant that the credential belongs to."""
    return _show(await tenants.get_tenant(db, db.tenant_id))


@router.patch("/v1/tenant", operation_id="update_tenant", responses=refusals(*SIGNED, *WITH_BODY))
async def update_tenant(
    db: TenantTransaction, principal: CurrentPrincipal, body: TenantIn
) -> TenantOut:
    """Changes the name, or how long sessions are kept."""
    given = body.model_fields_set
    changed = TenantChange(
        name=body.name if "name" in given else None,
        retention_days=body.retention_days,
        sets_retention="retention_days" in given,
    )
    return _show(await tenants.update_tenant(db, actor_of(principal), changed))


@router.delete(
    "/v1/tenant",
    status_code=status.HTTP_202_ACCEPTED,
    operation_id="delete_tenant",
    responses=refusals(*SIGNED, Kind.INVALID_VALUE, Kind.NOT_FOUND),
)
async def delete_tenant(
    house: CurrentHouse,
    principal: CurrentPrincipal,
    confirm_name: Annotated[
        str, Query(max_length=MAX_NAME_CHARS, description="The tenant's name, exactly.")
    ],
) -> DataDeletionOut:
    """Ends its calls, refuses its people and keys from now on, and deletes everything it has."""
    async with house.database.system() as db:
        return show_deletion(
            await deletions.delete_tenant(
                db, house.keyring, actor_of(principal), principal.tenant_id, confirm_name
            )
        )


def _show(tenant: Tenant) -> TenantOut:
    return TenantOut(
        id=tenant.id,
        name=tenant.name,
        plan=tenant.plan,
        retention_days=tenant.retention_days,
        created_at=tenant.created_at,
    )
