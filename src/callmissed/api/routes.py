"""The kind of route that every resource uses: permission first, then the body, then the work."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from callmissed.api.auth import admit
from callmissed.api.errors import STATUS_OF, ErrorOut
from callmissed.api.limits import rate_headers
from callmissed.api.permissions import RULES, answers
from callmissed.domain.errors import Kind, Refusal, invalid
from callmissed.domain.principals import Principal
from callmissed.kit.bounded_json import MalformedJsonError, UnholdableJsonError, parse_json
from callmissed.runtime.house import House
from callmissed.store.tenant import TenantDb

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_JSON = (b"content-type", b"application/json")


class JsonRequest(Request):
    """A request whose JSON has been read by our own rules; whatever type it claims to be."""

    def __init__(self, request: Request, value: Any) -> None:
        headers = [item for item in request.scope["headers"] if item[0] != _JSON[0]]
        super().__init__({**request.scope, "headers": [*headers, _JSON]}, request.receive)
        self._value = value

    async def body(self) -> bytes:
        return b"" if self._value is None else b"{}"

    async def json(self) -> Any:
        return self._value


class GuardedRoute(APIRoute):
    """Looks its rule up when it is made: a route without one stops the start."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if not answers(self.path, scope["path"]):
            return Match.NONE, {}
        return super().matches(scope)

    def get_route_handler(self) -> Handler:
        answer = super().get_route_handler()
        (method,) = self.methods or {"GET"}
        try:
            rule = RULES[method, self.path]
        except KeyError:
            raise LookupError(f"{method} {self.path} is not in api/permissions.py") from None

        async def guarded(request: Request) -> Response:
            if rule is not None:
                request.state.principal = await admit(request, rule)
            if self.body_field is not None:
                request = JsonRequest(request, _read_object(await request.body()))
            response = await answer(request)
            standing = getattr(request.state, "standing", None)
            response.headers.update(rate_headers(standing))
            return response

        return guarded


def guarded_router(tag: str) -> APIRouter:
    return APIRouter(route_class=GuardedRoute, tags=[tag])


def refusals(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can be refused for these reasons."""
    statuses: dict[int | str, list[str]] = {}
    for kind in kinds:
        statuses.setdefault(STATUS_OF[kind], []).append(kind.value)
    return {
        status: {"model": ErrorOut, "description": " · ".join(codes)}
        for status, codes in statuses.items()
    }


SIGNED = (
    Kind.INVALID_API_KEY,
    Kind.TOKEN_EXPIRED,
    Kind.PERMISSION_DENIED,
    Kind.RATE_LIMITED,
    Kind.UNAVAILABLE,
)
WITH_BODY = (Kind.MALFORMED_JSON, Kind.INVALID_VALUE, Kind.TOO_LARGE, Kind.REQUEST_TIMEOUT)


def current_house(request: Request) -> House:
    house: House = request.app.state.house
    return house


def current_principal(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


CurrentHouse = Annotated[House, Depends(current_house)]
CurrentPrincipal = Annotated[Principal, Depends(current_principal)]


async def open_db(house: CurrentHouse, principal: CurrentPrincipal) -> AsyncIterator[TenantDb]:
    """One request, one transaction: committed before the answer leaves."""
    async with house.database.tenant(principal.tenant_id) as db:
        yield db


TenantTransaction = Annotated[TenantDb, Depends(open_db, scope="function")]


def _read_object(body: bytes) -> Any:
    """None for an empty body. Raises Refusal MALFORMED_JSON, INVALID_VALUE."""
    if not body.strip():
        return None
    try:
        value = parse_json(body)
    except MalformedJsonError as error:
        raise Refusal(
            Kind.MALFORMED_JSON,
            f"The body is not JSON: {error}.",
            "Send one JSON object in UTF-8.",
        ) from error
    except UnholdableJsonError as error:
        param = ".".join(str(step) for step in error.path)[:200] or "body"
        raise invalid(param, f"{param}: {error}.", "Correct this value.") from error
    if not isinstance(value, dict):
        raise invalid("body", "The body must be a JSON object.", "Send {…}.")
    return value
