"""Which pages may ask what (CORS): any page with a bearer, none with a person's cookie."""

from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from callmissed.api.permissions import METHODS

PREFLIGHT_S = 86_400
EXPOSED_HEADERS = (
    "X-Total-Count",
    "Retry-After",
    "X-Request-Id",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "Idempotent-Replayed",
)


def add_cors(app: Starlette, public_url: str) -> None:
    app.add_middleware(OwnCookies, public_url=public_url)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=METHODS,
        allow_headers=["*"],
        expose_headers=EXPOSED_HEADERS,
        max_age=PREFLIGHT_S,
    )


class OwnCookies:
    """Cookies count only where no page of another origin sent them: `SameSite` alone lets in the
    pages of neighbours under the same domain.
    """

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self.app = app
        self.own_host = urlsplit(public_url).netloc.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_foreign(Headers(scope=scope)):
            scope = {**scope, "headers": list(scope["headers"])}
            del MutableHeaders(scope=scope)["cookie"]
        await self.app(scope, receive, send)

    def _is_foreign(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if "cookie" not in headers or origin is None:
            return False
        return _host_of(origin) not in {self.own_host, headers.get("host", "").lower()} - {""}


def _host_of(origin: str) -> str:
    """Empty for what is no origin."""
    try:
        return urlsplit(origin).netloc.lower() if origin.isascii() else ""
    except ValueError:
        return ""
