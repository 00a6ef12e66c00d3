"""`/v1/auth`: the owner link, and the cookie that keeps a browser signed in."""

from fastapi import Request, Response, status
from pydantic import BaseModel, ConfigDict, Field

from callmissed.api.me import TenantOut
from callmissed.api.routes import WITH_BODY, CurrentHouse, guarded_router, refusals
from callmissed.domain.errors import Kind
from callmissed.domain.principals import Role, SignedIn
from callmissed.runtime.house import House
from callmissed.services import sign_ins

COOKIE = "cm_refresh"
COOKIE_PATHS = ("/v1/auth", "/api/v1/auth")

router = guarded_router("sign-in")


class ClaimIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    link_secret: str = Field(
        min_length=1, max_length=200, description="What follows # in the owner link."
    )


class SignedInOut(BaseModel):
    """The access token goes into the header `Authorization: Bearer …`; keep it in memory only."""

    access_token: str
    expires_in: int = Field(description="Seconds.")
    tenant: TenantOut
    role: Role


@router.post(
    "/v1/auth/claim",
    operation_id="claim",
    responses=refusals(*WITH_BODY, Kind.INVALID_API_KEY, Kind.UNAVAILABLE),
)
async def claim(house: CurrentHouse, response: Response, body: ClaimIn) -> SignedInOut:
    """Trades the one-time secret of the owner link for a signed-in browser."""
    async with house.database.system() as db:
        signed_in = await sign_ins.claim_owner_link(db, house.keyring, body.link_secret)
    return _welcome(house, response, signed_in)


@router.post(
    "/v1/auth/refresh",
    operation_id="refresh",
    responses=refusals(Kind.TOKEN_EXPIRED, Kind.UNAVAILABLE),
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
    return _welcome(house, response, signed_in)


@router.post(
    "/v1/auth/logout",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="logout",
    responses=refusals(Kind.UNAVAILABLE),
)
async def logout(house: CurrentHouse, request: Request, response: Response) -> None:
    """Forgets this browser: its cookie is worth nothing afterwards."""
    token = request.cookies.get(COOKIE)
    if token is not None:
        async with house.database.system() as db:
            await sign_ins.sign_out(db, house.keyring, token)
    for path in COOKIE_PATHS:
        response.delete_cookie(COOKIE, path=path, httponly=True, samesite="strict")


def _welcome(house: House, response: Response, signed_in: SignedIn) -> SignedInOut:
    left = signed_in.refresh_expires_at - house.clock.now()
    for path in COOKIE_PATHS:
        response.set_cookie(
            COOKIE,
            signed_in.refresh_token,
            max_age=int(left.total_seconds()),
            path=path,
            secure=house.settings.public_url.startswith("https://"),
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
