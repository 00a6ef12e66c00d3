"""`/v1/me/…`: what a person changes about their own account."""

from fastapi import status
from pydantic import BaseModel, ConfigDict

from callmissed.api.me import PersonOut
from callmissed.api.routes import (
    SIGNED,
    WITH_BODY,
    CurrentHouse,
    CurrentPrincipal,
    guarded_router,
    refusals,
)
from callmissed.api.sign_in_forms import CurrentVisitor, EmailIn, PasswordIn
from callmissed.domain.errors import Kind
from callmissed.domain.people import check_password
from callmissed.services import people
from callmissed.services.password_resets import change_password

router = guarded_router("sign-in")


class AccountIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: EmailIn
    password: PasswordIn


class PasswordChangeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old_password: PasswordIn
    new_password: PasswordIn


@router.post(
    "/v1/me/account",
    operation_id="set_account",
    responses=refusals(*SIGNED, *WITH_BODY, Kind.CONFLICT),
)
async def set_account(
    house: CurrentHouse, principal: CurrentPrincipal, body: AccountIn
) -> PersonOut:
    """Gives an owner who came by the link an e-mail and a password to sign in with; works once."""
    check_password(body.password, body.email)
    password_hash = await house.passwords.hash(body.password)
    async with house.database.system() as db:
        account = await people.set_account(db, principal, body.email, password_hash)
    return PersonOut(id=account.person_id, email=account.email, has_password=account.has_password)


@router.post(
    "/v1/me/password",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="change_password",
    responses=refusals(*SIGNED, *WITH_BODY, Kind.INVALID_CREDENTIALS, Kind.RATE_LIMITED),
)
async def set_password(
    house: CurrentHouse,
    principal: CurrentPrincipal,
    visitor: CurrentVisitor,
    body: PasswordChangeIn,
) -> None:
    """Takes the old password; every other browser of the person is signed out."""
    await change_password(
        house.database,
        house.keyring,
        house.passwords,
        principal,
        body.old_password,
        body.new_password,
        visitor,
    )
