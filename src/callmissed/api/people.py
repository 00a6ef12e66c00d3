"""`/v1/people`: who belongs to the tenant, as what."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status
from pydantic import BaseModel, ConfigDict, Field

from callmissed.api.bots import MAX_OFFSET
from callmissed.api.routes import (
    SIGNED,
    WITH_BODY,
    CurrentPrincipal,
    TenantTransaction,
    guarded_router,
    refusals,
)
from callmissed.api.session_forms import Moment
from callmissed.domain.errors import Kind
from callmissed.domain.people import Member
from callmissed.domain.principals import Role
from callmissed.services import people

router = guarded_router("people")


class MemberOut(BaseModel):
    id: UUID
    email: str | None = Field(description="Null: an owner who has not set theirs yet.")
    role: Role
    joined_at: Moment
    signed_in_at: Moment | None = Field(
        description="When they last worked in this tenant, to within a quarter of an hour."
    )


class RoleIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    role: Role


@router.get(
    "/v1/people", operation_id="list_people", responses=refusals(*SIGNED, Kind.INVALID_VALUE)
)
async def list_people(
    db: TenantTransaction,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> list[MemberOut]:
    """Who joined last comes first; the header `X-Total-Count` says how many there are."""
    page, total = await people.list_people(db, limit, min(offset, MAX_OFFSET))
    response.headers["X-Total-Count"] = str(total)
    return [_show(member) for member in page]


@router.patch(
    "/v1/people/{person_id}",
    operation_id="change_role",
    responses=refusals(*SIGNED, *WITH_BODY, Kind.NOT_FOUND, Kind.CONFLICT),
)
async def change_role(
    db: TenantTransaction, principal: CurrentPrincipal, person_id: UUID, body: RoleIn
) -> MemberOut:
    """In force from the person's next request; only an owner makes and changes owners."""
    return _show(await people.change_role(db, principal, person_id, body.role))


@router.delete(
    "/v1/people/{person_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="remove_person",
    responses=refusals(*SIGNED, Kind.INVALID_VALUE, Kind.NOT_FOUND, Kind.CONFLICT),
)
async def remove_person(
    db: TenantTransaction, principal: CurrentPrincipal, person_id: UUID
) -> None:
    """The person is out of the tenant at once, in every browser."""
    await people.remove_person(db, principal, person_id)


def _show(member: Member) -> MemberOut:
    return MemberOut(
        id=member.person_id,
        email=member.email,
        role=member.role,
        joined_at=member.joined_at,
        signed_in_at=member.signed_in_at,
    )
