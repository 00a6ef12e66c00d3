"""`/v1/people/invites`: who is asked to join; and the way in for whoever was."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status
from pydantic import BaseModel, ConfigDict, Field

from callmissed.api.bots import MAX_OFFSET
from callmissed.api.routes import (
    SIGNED,
    WITH_BODY,
    CurrentHouse,
    CurrentPrincipal,
    TenantTransaction,
    guarded_router,
    refusals,
)
from callmissed.api.session_forms import Moment
from callmissed.api.sign_in_forms import (
    CurrentVisitor,
    EmailIn,
    OwnPageOnly,
    PasswordIn,
    SecretIn,
    SignedInOut,
    welcome,
)
from callmissed.domain.errors import Kind
from callmissed.domain.people import Invite
from callmissed.domain.principals import Role
from callmissed.services import invites

router = guarded_router("people")


class InviteIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: EmailIn
    role: Role


class InviteOut(BaseModel):
    id: UUID
    email: str
    role: Role
    created_at: Moment
    expires_at: Moment


class InviteCreated(InviteOut):
    """With the link, which is shown here and nowhere else."""

    link: str
    mailed: bool = Field(description="Whether it is on its way by mail, too.")


class InviteSecretIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    secret: SecretIn


class AcceptIn(InviteSecretIn):
    password: PasswordIn = Field(description="Of the account that there is, or the new account's.")


class ReadInviteOut(BaseModel):
    tenant_name: str
    email: str
    role: Role
    has_account: bool = Field(description="True: accept with the password of that account.")


@router.post(
    "/v1/people/invites",
    status_code=status.HTTP_201_CREATED,
    operation_id="invite_person",
    responses=refusals(*SIGNED, *WITH_BODY, Kind.CONFLICT),
)
async def invite_person(
    house: CurrentHouse, db: TenantTransaction, principal: CurrentPrincipal, body: InviteIn
) -> InviteCreated:
    """An invitation for seven days, in the place of an older one; only an owner invites owners."""
    by_mail = house.mailer is not None
    invite, link = await invites.invite_person(
        db,
        house.keyring,
        principal,
        body.email,
        body.role,
        public_url=house.settings.public_url,
        by_mail=by_mail,
    )
    return InviteCreated(**_show(invite).model_dump(), link=link, mailed=by_mail)


@router.get(
    "/v1/people/invites",
    operation_id="list_invites",
    responses=refusals(*SIGNED, Kind.INVALID_VALUE),
)
async def list_invites(
    db: TenantTransaction,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> list[InviteOut]:
    """Open ones, newest first; the header `X-Total-Count` says how many there are."""
    page, total = await invites.list_invites(db, limit, min(offset, MAX_OFFSET))
    response.headers["X-Total-Count"] = str(total)
    return [_show(invite) for invite in page]


@router.delete(
    "/v1/people/invites/{invite_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="revoke_invite",
    responses=refusals(*SIGNED, Kind.INVALID_VALUE, Kind.NOT_FOUND),
)
async def revoke_invite(
    db: TenantTransaction, principal: CurrentPrincipal, invite_id: UUID
) -> None:
    """The link works no more."""
    await invites.revoke_invite(db, principal, invite_id)


@router.post(
    "/v1/auth/read-invite",
    operation_id="read_invite",
    responses=refusals(*WITH_BODY, Kind.LINK_NOT_VALID, Kind.UNAVAILABLE),
)
async def read_invite(house: CurrentHouse, body: InviteSecretIn) -> ReadInviteOut:
    """What the page behind the link shows; nothing is used up."""
    async with house.database.system() as db:
        found = await invites.read_invite(db, house.keyring, body.secret)
    return ReadInviteOut(
        tenant_name=found.tenant_name,
        email=found.email,
        role=found.role,
        has_account=found.has_account,
    )


@router.post(
    "/v1/auth/accept-invite",
    operation_id="accept_invite",
    dependencies=[OwnPageOnly],
    responses=refusals(
        *WITH_BODY,
        Kind.LINK_NOT_VALID,
        Kind.INVALID_CREDENTIALS,
        Kind.PERMISSION_DENIED,
        Kind.RATE_LIMITED,
        Kind.UNAVAILABLE,
    ),
)
async def accept_invite(
    house: CurrentHouse, response: Response, visitor: CurrentVisitor, body: AcceptIn
) -> SignedInOut:
    """Joins the tenant and signs in; a new person chooses a password, others give theirs."""
    signed_in = await invites.accept_invite(
        house.database, house.keyring, house.passwords, body.secret, body.password, visitor
    )
    return welcome(house, response, signed_in)


def _show(invite: Invite) -> InviteOut:
    return InviteOut(
        id=invite.id,
        email=invite.email,
        role=invite.role,
        created_at=invite.created_at,
        expires_at=invite.expires_at,
    )
