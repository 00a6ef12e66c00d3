"""`/v1/auth/sessions`: the browsers that a person is signed in with."""

from uuid import UUID

from fastapi import status
from pydantic import BaseModel, Field

from callmissed.api.routes import (
    SIGNED,
    CurrentHouse,
    CurrentPrincipal,
    guarded_router,
    refusals,
)
from callmissed.api.session_forms import Moment
from callmissed.domain.errors import Kind
from callmissed.domain.principals import Principal
from callmissed.services import sign_ins

router = guarded_router("sign-in")


class SignInOut(BaseModel):
    id: UUID
    created_at: Moment
    used_at: Moment = Field(description="To within a quarter of an hour.")
    user_agent: str = Field(description="What the browser called itself.")
    is_this: bool = Field(description="The browser that asks.")


@router.get("/v1/auth/sessions", operation_id="list_sign_ins", responses=refusals(*SIGNED))
async def list_sign_ins(house: CurrentHouse, principal: CurrentPrincipal) -> list[SignInOut]:
    """The person's own, used last first."""
    async with house.database.system() as db:
        found = await sign_ins.list_sign_ins(db, person_of(principal))
    return [
        SignInOut(
            id=one.id,
            created_at=one.created_at,
            used_at=one.used_at,
            user_agent=one.user_agent,
            is_this=one.id == principal.sign_in_id,
        )
        for one in found
    ]


@router.delete(
    "/v1/auth/sessions/{sign_in_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="end_sign_in",
    responses=refusals(*SIGNED, Kind.NOT_FOUND, Kind.INVALID_VALUE),
)
async def end_sign_in(house: CurrentHouse, principal: CurrentPrincipal, sign_in_id: UUID) -> None:
    """Signs one of the person's browsers out, at once."""
    async with house.database.system() as db:
        await sign_ins.end_sign_in(db, person_of(principal), sign_in_id)


@router.delete(
    "/v1/auth/sessions",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="end_other_sign_ins",
    responses=refusals(*SIGNED),
)
async def end_other_sign_ins(house: CurrentHouse, principal: CurrentPrincipal) -> None:
    """Signs every other browser of the person out, at once."""
    async with house.database.system() as db:
        await sign_ins.end_other_sign_ins(db, person_of(principal), principal.sign_in_id)


def person_of(principal: Principal) -> UUID:
    """On routes for people only."""
    if principal.person_id is None:
        raise LookupError("the table of permissions let a key pass")
    return principal.person_id
