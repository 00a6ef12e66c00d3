"""`/v1/auth/password-reset`: a new password by a link that works once."""

from fastapi import status
from pydantic import BaseModel, ConfigDict

from callmissed.api.routes import WITH_BODY, CurrentHouse, guarded_router, refusals
from callmissed.api.sign_in_forms import CurrentVisitor, EmailIn, PasswordIn, SecretIn
from callmissed.domain.errors import Kind
from callmissed.services.password_resets import ask_for_reset, reset_password

router = guarded_router("sign-in")


class ResetIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: EmailIn


class ResetConfirmIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    secret: SecretIn
    password: PasswordIn


@router.post(
    "/v1/auth/password-reset",
    status_code=status.HTTP_202_ACCEPTED,
    operation_id="ask_for_password_reset",
    responses=refusals(*WITH_BODY, Kind.RATE_LIMITED, Kind.UNAVAILABLE),
)
async def ask(house: CurrentHouse, visitor: CurrentVisitor, body: ResetIn) -> None:
    """Sends a link to whoever has this e-mail, where a mail server is set; says the same otherwise."""
    await ask_for_reset(
        house.database, house.keyring, body.email, visitor, by_mail=house.mailer is not None
    )


@router.post(
    "/v1/auth/password-reset/confirm",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="confirm_password_reset",
    responses=refusals(*WITH_BODY, Kind.LINK_NOT_VALID, Kind.UNAVAILABLE),
)
async def confirm(house: CurrentHouse, body: ResetConfirmIn) -> None:
    """Sets the password; every browser of the person is signed out, so sign in afterwards."""
    await reset_password(house.database, house.keyring, house.passwords, body.secret, body.password)
