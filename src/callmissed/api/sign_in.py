"""`/v1/auth`: signing in and up, and the cookie that keeps a browser signed in."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response, status
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from callmissed.api.routes import (
    SIGNED,
    WITH_BODY,
    CurrentHouse,
    CurrentPrincipal,
    guarded_router,
    refusals,
)
from callmissed.api.sign_in_forms import (
    COOKIE,
    COOKIE_PATHS,
    CurrentVisitor,
    EmailIn,
    OwnPageOnly,
    PasswordIn,
    SecretIn,
    SignedInOut,
    is_secure,
    welcome,
)
from callmissed.domain.errors import Kind, Refusal, invalid
from callmissed.domain.people import MIN_PASSWORD_CHARS, check_password
from callmissed.services import people, sign_ins
from callmissed.services.sign_in import sign_in_by_password
from callmissed.services.sign_up import sign_up

TenantName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]

router = guarded_router("sign-in")


class OptionsOut(BaseModel):
    """How people come in here."""

    sign_up: bool = Field(description="Whether strangers may sign up.")
    mail: bool = Field(description="Whether links are sent by mail.")
    min_password_chars: int


class ClaimIn(BaseModel):
    """E-mail and password make the owner's account in the same step; both or neither."""

    model_config = ConfigDict(extra="forbid")

    link_secret: SecretIn
    email: EmailIn | None = None
    password: PasswordIn | None = None


class LoginIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: EmailIn
    password: PasswordIn
    tenant_id: UUID | None = Field(None, description="Left out: the tenant used last.")


class SignUpIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: EmailIn
    password: PasswordIn
    tenant_name: TenantName = Field(description="What the new tenant is called.")


class SwitchIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tenant_id: UUID


@router.get("/v1/auth/options", operation_id="get_sign_in_options")
async def get_options(house: CurrentHouse) -> OptionsOut:
    """What a sign-in page needs to know."""
    is_open = house.settings.sign_up == "open"
    has_mail = house.mailer is not None
    return OptionsOut(sign_up=is_open, mail=has_mail, min_password_chars=MIN_PASSWORD_CHARS)


@router.post(
    "/v1/auth/claim",
    operation_id="claim",
    dependencies=[OwnPageOnly],
    responses=refusals(
        *WITH_BODY,
        Kind.INVALID_API_KEY,
        Kind.PERMISSION_DENIED,
        Kind.CONFLICT,
        Kind.UNAVAILABLE,
    ),
)
async def claim(
    house: CurrentHouse, response: Response, visitor: CurrentVisitor, body: ClaimIn
) -> SignedInOut:
    """Trades the one-time secret of the owner link for a signed-in browser."""
    password_hash = None
    if body.email is not None and body.password is not None:
        sign_ins.check_link_form(body.link_secret)
        check_password(body.password, body.email)
        password_hash = await house.passwords.hash(body.password)
    elif body.email is not None or body.password is not None:
        missing = "password" if body.password is None else "email"
        raise invalid(missing, "E-mail and password belong together.", f"Add {missing}.")
    async with house.database.system() as db:
        signed_in = await sign_ins.claim_owner_link(
            db, house.keyring, body.link_secret, visitor.user_agent
        )
        if body.email is not None and password_hash is not None:
            await people.set_account(db, signed_in.principal, body.email, password_hash)
    return welcome(house, response, signed_in)


@router.post(
    "/v1/auth/login",
    operation_id="login",
    dependencies=[OwnPageOnly],
    responses=refusals(
        *WITH_BODY,
        Kind.INVALID_CREDENTIALS,
        Kind.PERMISSION_DENIED,
        Kind.NOT_FOUND,
        Kind.RATE_LIMITED,
        Kind.UNAVAILABLE,
    ),
)
async def login(
    house: CurrentHouse, response: Response, visitor: CurrentVisitor, body: LoginIn
) -> SignedInOut:
    """Signs in with e-mail and password; the answer is the same for an e-mail that nobody has."""
    signed_in = await sign_in_by_password(
        house.database,
        house.keyring,
        house.passwords,
        body.email,
        body.password,
        body.tenant_id,
        visitor,
    )
    return welcome(house, response, signed_in)


@router.post(
    "/v1/auth/sign-up",
    status_code=status.HTTP_201_CREATED,
    operation_id="sign_up",
    dependencies=[OwnPageOnly],
    responses=refusals(
        *WITH_BODY, Kind.PERMISSION_DENIED, Kind.CONFLICT, Kind.RATE_LIMITED, Kind.UNAVAILABLE
    ),
)
async def create_account(
    house: CurrentHouse, response: Response, visitor: CurrentVisitor, body: SignUpIn
) -> SignedInOut:
    """A person and a tenant that they own, where CALLMISSED_SIGN_UP is open."""
    if house.settings.sign_up != "open":
        raise Refusal(
            Kind.PERMISSION_DENIED,
            "Nobody can sign up here.",
            "Ask somebody who has an account for an invitation.",
        )
    signed_in = await sign_up(
        house.database,
        house.keyring,
        house.passwords,
        body.email,
        body.password,
        body.tenant_name,
        house.settings.init_bot,
        visitor,
    )
    return welcome(house, response, signed_in)


@router.post(
    "/v1/auth/refresh",
    operation_id="refresh",
    dependencies=[OwnPageOnly],
    responses=refusals(Kind.TOKEN_EXPIRED, Kind.PERMISSION_DENIED, Kind.UNAVAILABLE),
)
async def refresh(house: CurrentHouse, request: Request, response: Response) -> SignedInOut:
    """A new access token for the refresh cookie, which is replaced."""
    signed_in = None
    token = request.cookies.get(COOKIE)
    if token is not None:
        async with house.database.system() as db:
            signed_in = await sign_ins.refresh(db, house.keyring, token)
    if signed_in is None:
        raise sign_ins.sign_in_again()
    return welcome(house, response, signed_in)


@router.post(
    "/v1/auth/switch",
    operation_id="switch_tenant",
    dependencies=[OwnPageOnly],
    responses=refusals(*SIGNED, *WITH_BODY, Kind.NOT_FOUND),
)
async def switch_tenant(
    house: CurrentHouse, principal: CurrentPrincipal, response: Response, body: SwitchIn
) -> SignedInOut:
    """The same browser, in another tenant that the person belongs to."""
    async with house.database.system() as db:
        signed_in = await sign_ins.switch_tenant(db, house.keyring, principal, body.tenant_id)
    return welcome(house, response, signed_in)


@router.post(
    "/v1/auth/logout",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="logout",
    dependencies=[OwnPageOnly],
    responses=refusals(Kind.PERMISSION_DENIED, Kind.UNAVAILABLE),
)
async def logout(house: CurrentHouse, request: Request, response: Response) -> None:
    """Signs this browser out: its cookie and its access tokens are worth nothing afterwards."""
    token = request.cookies.get(COOKIE)
    if token is not None:
        async with house.database.system() as db:
            await sign_ins.sign_out(db, house.keyring, token)
    for path in COOKIE_PATHS:
        response.delete_cookie(
            COOKIE, path=path, secure=is_secure(house), httponly=True, samesite="strict"
        )
