"""Every refusal as one error object. The only place that knows status codes."""

import difflib
from collections.abc import Sequence
from typing import Any, get_args

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from callmissed.api.limits import rate_headers
from callmissed.api.permissions import methods_of
from callmissed.domain.errors import Kind, Refusal

STATUS_OF: dict[Kind, int] = {
    Kind.MALFORMED_JSON: 400,
    Kind.INVALID_VALUE: 422,
    Kind.INVALID_API_KEY: 401,
    Kind.TOKEN_EXPIRED: 401,
    Kind.INVALID_CREDENTIALS: 401,
    Kind.LINK_NOT_VALID: 401,
    Kind.INSUFFICIENT_CREDITS: 402,
    Kind.BUDGET_EXCEEDED: 402,
    Kind.PERMISSION_DENIED: 403,
    Kind.NOT_FOUND: 404,
    Kind.METHOD_NOT_ALLOWED: 405,
    Kind.REQUEST_TIMEOUT: 408,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.IDEMPOTENCY_MISMATCH: 422,
    Kind.MODEL_NOT_AVAILABLE: 422,
    Kind.RATE_LIMITED: 429,
    Kind.CONCURRENCY_LIMITED: 429,
    Kind.PROVIDER_UNAVAILABLE: 503,
    Kind.AT_CAPACITY: 503,
    Kind.UNAVAILABLE: 503,
    Kind.INTERNAL: 500,
}

# The families that the OpenAI SDKs know.
TYPE_OF_STATUS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "invalid_request_error",
    409: "conflict_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "service_unavailable_error",
}

# What was not read of the body is not waited for.
CLOSING = {408, 413}

# Steps of a validation path that name a branch of ours, not a field of the sender.
_BRANCHES = {"preset", "numbers"}


class ErrorBody(BaseModel):
    """`code` is what programs read; `hint` says what to do; `doc_url` is a page of ours."""

    message: str
    type: str
    code: str
    param: str | None
    hint: str
    doc_url: str
    request_id: str


class ErrorOut(BaseModel):
    error: ErrorBody


def render_refusal(refusal: Refusal, *, public_url: str, request_id: str) -> JSONResponse:
    status = STATUS_OF[refusal.kind]
    body = ErrorBody(
        message=refusal.message,
        type=TYPE_OF_STATUS[status],
        code=refusal.kind.value,
        param=refusal.param,
        hint=refusal.hint,
        doc_url=f"{public_url}/docs/errors/{refusal.kind.value}",
        request_id=request_id,
    )
    headers = dict(rate_headers(refusal.details.get("standing")))
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    if status == STATUS_OF[Kind.INVALID_API_KEY]:
        headers["WWW-Authenticate"] = 'Bearer realm="callmissed", error="invalid_token"'
    if status in CLOSING:
        headers["Connection"] = "close"
    if "allow" in refusal.details:
        headers["Allow"] = str(refusal.details["allow"])
    return JSONResponse(ErrorOut(error=body).model_dump(), status, headers)


def allowed_methods(path: str) -> str:
    """The value of the header `Allow`; empty for an unknown path."""
    methods = methods_of(path)
    if not methods:
        return ""
    more = ("HEAD", "OPTIONS") if "GET" in methods else ("OPTIONS",)
    return ", ".join((*methods, *more))


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(Refusal, _answer)
    app.add_exception_handler(RequestValidationError, _answer)
    app.add_exception_handler(HTTPException, _answer)


def crashed() -> Refusal:
    """What is said about a mistake of ours; the log has the rest, under the request's id."""
    return Refusal(
        Kind.INTERNAL,
        "Something went wrong on our side.",
        "Try again; if it happens again, give the request_id to whoever hosts this installation.",
    )


def unknown_route() -> Refusal:
    return Refusal(
        Kind.NOT_FOUND,
        "There is no such route.",
        "Check the path (no slash at its end) against /docs.",
    )


def too_large(max_bytes: int) -> Refusal:
    return Refusal(
        Kind.TOO_LARGE,
        f"The body is larger than {max_bytes} bytes.",
        "Send less; metadata is for small values, documents have their own upload.",
    )


def too_slow(max_s: float) -> Refusal:
    return Refusal(
        Kind.REQUEST_TIMEOUT,
        f"The body did not arrive within {max_s:g} seconds.",
        "Send the request again, whole.",
    )


def took_too_long(max_s: float) -> Refusal:
    return Refusal(
        Kind.UNAVAILABLE,
        f"This took longer than {max_s:g} seconds and was given up.",
        "Try again in a moment; what was begun was undone.",
        retry_after_s=1,
    )


async def _answer(request: Request, error: Exception) -> JSONResponse:
    return render_refusal(
        _refusal_of(request, error),
        public_url=request.app.state.public_url,
        request_id=request.state.request_id,
    )


def _refusal_of(request: Request, error: Exception) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, RequestValidationError):
        return _refusal_of_validation(error.errors(), _known_fields(request))
    if isinstance(error, HTTPException) and error.status_code == 405:
        allowed = allowed_methods(request.scope["path"])
        return Refusal(
            Kind.METHOD_NOT_ALLOWED,
            f"This route does not answer {request.method}.",
            f"It answers {allowed}.",
            details={"allow": allowed},
        )
    if isinstance(error, HTTPException) and error.status_code == 404:
        return unknown_route()
    return crashed()


def _refusal_of_validation(errors: Sequence[Any], known: Sequence[str]) -> Refusal:
    """The first error, with how many more there are."""
    first = errors[0]
    param = _param_of(first["loc"])
    if first["type"] == "extra_forbidden":
        message, hint = f"There is no field {param!r}.", _nearest_field(str(param), known)
    elif first["type"] == "missing":
        message, hint = f"{param} is required.", f"Add {param}."
    else:
        reason = first["msg"].removeprefix("Value error, ")
        message, hint = f"{param}: {reason}.", "Correct this field and send the request again."
    if len(errors) > 1:
        message += f" ({len(errors) - 1} more)"
    return Refusal(Kind.INVALID_VALUE, message, hint, param=param)


def _param_of(loc: Sequence[str | int]) -> str | None:
    """`("body", "turn_taking", "wait_ms")` → `turn_taking.wait_ms`; None for the whole body."""
    steps = [str(step) for step in loc[1:] if step not in _BRANCHES]
    return ".".join(steps)[:200] or (None if loc[:1] == ("body",) else str(loc[-1]))


def _known_fields(request: Request) -> tuple[str, ...]:
    """The fields that the body of this route may have."""
    body = getattr(request.scope.get("route"), "body_field", None)
    annotation = None if body is None else body.field_info.annotation
    for form in (annotation, *get_args(annotation)):
        if isinstance(form, type) and issubclass(form, BaseModel):
            return tuple(form.model_fields)
    return ()


def _nearest_field(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]}?" if near else "Leave it out, or check its name against /docs."
