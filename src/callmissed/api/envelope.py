"""What every answer wears, whoever made it: request id, security headers, no crash shown."""

import asyncio
import re
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callmissed.api.bounds import bounded, bounds_of
from callmissed.api.errors import allowed_methods, crashed, render_refusal, took_too_long
from callmissed.kit.origin import Origin, set_origin

REQUEST_ID_HEADER = "X-Request-Id"
ALIAS = "/api/v1"
API_PREFIXES = ("/v1", "/health", "/openapi.json")
QUIET_PREFIX = "/health"
ROUTE = "route"
ONLY_HTTPS = "max-age=31536000"

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_NO_PAGE = "default-src 'none'; frame-ancestors 'none'"

_access_log = structlog.get_logger("callmissed.access")
_log = structlog.get_logger("callmissed.api")


NoteRequest = Callable[[str, str, int, float], None]
"""Is told the method, the route's template (empty: none), the status (0: nobody waited for an
answer) and how many seconds it took."""


def forget_request(_method: str, _route: str, _status: int, _took_s: float) -> None:
    """Nobody counts."""


class Envelope:
    """The outermost layer: names the request, logs it, counts it, and dresses its answer."""

    def __init__(self, app: ASGIApp, public_url: str, note_request: NoteRequest) -> None:
        self.app = app
        self.is_secure = public_url.startswith("https://")
        self.note_request = note_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        set_origin(Origin(request_id, scope["client"][0] if scope.get("client") else None))
        started_s = time.monotonic()
        status = 0

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                _dress(headers, request_id, scope["path"])
                if self.is_secure:
                    headers["Strict-Transport-Security"] = ONLY_HTTPS
            await send(message)

        try:
            await self.app(scope, receive, dressed)
        finally:
            took_s = time.monotonic() - started_s
            _write_access(scope, status, request_id, took_s)
            route = scope["state"].get(ROUTE, "")
            self.note_request(scope["method"], route, status, took_s)


class Gate:
    """The innermost layer: one path for both prefixes, HEAD, OPTIONS, the body's bound, crashes."""

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self.app = app
        self.public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope = _without_alias(scope)
        allowed = allowed_methods(scope["path"])
        if scope["method"] == "OPTIONS" and allowed:
            await Response(status_code=204, headers={"Allow": allowed})(scope, receive, send)
            return
        has_started = is_over = False
        answer_within_s = bounds_of(scope).answer_within_s
        deadline = asyncio.timeout(answer_within_s)
        is_head = scope["method"] == "HEAD"
        if is_head:
            scope = {**scope, "method": "GET"}

        async def passed(message: Message) -> None:
            nonlocal has_started
            if not has_started and not is_over:
                deadline.reschedule(None)
            has_started = True
            if is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            async with deadline:
                await self.app(scope, bounded(scope, receive), passed)
        except ClientDisconnect:
            _log.debug("the client went away", path=scope["path"])
        except Exception as error:
            is_over = True
            is_late = isinstance(error, TimeoutError) and deadline.expired()
            if is_late:
                _log.error("a request took too long", path=scope["path"])
            else:
                _log.exception("a request crashed", path=scope["path"])
            if has_started:
                raise
            refusal = took_too_long(answer_within_s) if is_late else crashed()
            request_id = scope["state"]["request_id"]
            answer = render_refusal(refusal, public_url=self.public_url, request_id=request_id)
            await answer(scope, receive, passed)
        finally:
            scope["state"][ROUTE] = getattr(scope.get("route"), "path", "")


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
    return given if _SANE_ID.fullmatch(given) else uuid4().hex


def _dress(headers: MutableHeaders, request_id: str, path: str) -> None:
    headers[REQUEST_ID_HEADER] = request_id
    for name, value in _SECURITY.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", _NO_PAGE)
    if path.startswith((*API_PREFIXES, ALIAS)):
        headers.setdefault("Cache-Control", "no-store")


def _without_alias(scope: Scope) -> Scope:
    """`/api/v1/…` and `/v1/…` are one API."""
    path: str = scope["path"]
    if path != ALIAS and not path.startswith(f"{ALIAS}/"):
        return scope
    prefix = ALIAS.removesuffix("/v1")
    raw: bytes = scope.get("raw_path") or path.encode()
    return {**scope, "path": path[len(prefix) :], "raw_path": raw[len(prefix) :]}


def _write_access(scope: Scope, status: int, request_id: str, took_s: float) -> None:
    """Without the query string, which may hold what should not be kept."""
    quiet = scope["path"].startswith(QUIET_PREFIX) and status < 400
    write = _access_log.debug if quiet else _access_log.info
    write(
        "request",
        method=scope["method"],
        path=scope["path"],
        status=status,
        took_ms=round(took_s * 1000),
        request_id=request_id,
    )
