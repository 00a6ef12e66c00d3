"""What routes that sign somebody in share: their bodies, their answer, the cookie."""

from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import AfterValidator, BaseModel, Field

from callmissed.api.me import TenantOut
from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.people import Visitor
from callmissed.domain.principals import Role, SignedIn
from callmissed.runtime.house import House

COOKIE = "cm_refresh"
COOKIE_PATHS = ("/v1/auth", "/api/v1/auth")
MAX_PASSWORD_CHARS = 1024
FETCHED = "cors"


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("it holds characters that no address has")
    return value


EmailIn = Annotated[
    str,
    Field(max_length=254, pattern=r"^[^@\s<>,;:()\"\\]+@[^@\s<>,;:()\"\\]+$"),
    AfterValidator(_printable),
]
PasswordIn = Annotated[str, Field(min_length=1, max_length=MAX_PASSWORD_CHARS)]
SecretIn = Annotated[
    str, Field(min_length=1, max_length=200, description="What follows # in the link.")
]


class SignedInOut(BaseModel):
    """The access token goes into the header `Authorization: Bearer …`; keep it in memory only."""

    access_token: str
    expires_in: int = Field(description="Seconds.")
    tenant: TenantOut
    role: Role


def _visitor(request: Request) -> Visitor:
    address = request.client.host if request.client else ""
    return Visitor(address, request.headers.get("user-agent", ""))


CurrentVisitor = Annotated[Visitor, Depends(_visitor)]


def _refuse_foreign_form(request: Request) -> None:
    """A page of somebody else may not sign its visitors in or out: it can send forms, and those say
    where they come from (W3C Fetch Metadata). Scripts of others get no cookie set in any case.
    """
    site = request.headers.get("sec-fetch-site", "none")
    mode = request.headers.get("sec-fetch-mode", FETCHED)
    if site in ("cross-site", "same-site") and mode != FETCHED:
        raise Refusal(
            Kind.PERMISSION_DENIED,
            "This was sent by a page of another site.",
            "Open this installation's own page and try again.",
        )


OwnPageOnly = Depends(_refuse_foreign_form)


def welcome(house: House, response: Response, signed_in: SignedIn) -> SignedInOut:
    """The answer, with the refresh token in its cookie."""
    left = signed_in.refresh_expires_at - house.clock.now()
    for path in COOKIE_PATHS:
        response.set_cookie(
            COOKIE,
            signed_in.refresh_token,
            max_age=int(left.total_seconds()),
            path=path,
            secure=is_secure(house),
            httponly=True,
            samesite="strict",
        )
    principal = signed_in.principal
    return SignedInOut(
        access_token=signed_in.access_jwt,
        expires_in=signed_in.expires_in_s,
        tenant=TenantOut(id=principal.tenant_id, name=signed_in.tenant_name),
        role=principal.role or Role.MEMBER,
    )


def is_secure(house: House) -> bool:
    return house.settings.public_url.startswith("https://")
