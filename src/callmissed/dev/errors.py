"""How each vendor words a refusal."""

from collections.abc import Callable
from typing import Any, Literal

from aiohttp import web

Why = Literal["bad_key", "rate_limit", "quota", "server_error"]
Worded = tuple[int, dict[str, Any]]

_SARVAM_CODES = {
    400: "invalid_request_error",
    403: "invalid_api_key_error",
    404: "not_found_error",
    413: "invalid_request_error",
    422: "unprocessable_entity_error",
    500: "internal_server_error",
    503: "rate_limit_exceeded_error",
}
_OPENAI_TYPES = {401: "authentication_error", 404: "not_found_error", 400: "invalid_request_error"}


class Refused(Exception):  # noqa: N818
    """This use is refused before it began; the vendor words it."""

    def __init__(
        self,
        why: Why | None,
        message: str = "",
        *,
        status: int = 400,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message or why)
        self.why = why
        self.message = message
        self.status = status
        self.retry_after_s = retry_after_s


def sarvam_error(refused: Refused) -> Worded:
    match refused.why:
        case "bad_key":
            return 403, _sarvam("invalid_api_key_error", "Invalid API key")
        case "rate_limit":
            return 429, _sarvam("rate_limit_exceeded_error", "Rate limit exceeded")
        case "quota":
            return 429, _sarvam("insufficient_quota_error", "No credits left")
        case "server_error":
            return refused.status, _sarvam("internal_server_error", "Internal error")
    code = _SARVAM_CODES.get(refused.status, "internal_server_error")
    return refused.status, _sarvam(code, refused.message)


def openai_error(refused: Refused) -> Worded:
    match refused.why:
        case "bad_key":
            return 401, _openai("invalid_api_key", "Incorrect API key", "authentication_error")
        case "rate_limit":
            return 429, _openai("rate_limit_exceeded", "Rate limit reached", "requests")
        case "quota":
            return 429, _openai("insufficient_quota", "Quota exceeded", "insufficient_quota")
        case "server_error":
            return refused.status, _openai(None, "The server had an error", "server_error")
    kind = _OPENAI_TYPES.get(refused.status, "invalid_request_error")
    return refused.status, _openai(None, refused.message, kind)


def openrouter_error(refused: Refused) -> Worded:
    """OpenRouter's code is the status as a number."""
    status, body = openai_error(refused)
    return status, {"error": {"code": status, "message": body["error"]["message"]}}


def answer_refusal(refused: Refused, word: Callable[[Refused], Worded]) -> web.Response:
    """The HTTP answer, with Retry-After where one is told."""
    status, body = word(refused)
    headers = {}
    if refused.retry_after_s is not None and status in (429, 503):
        headers["Retry-After"] = f"{refused.retry_after_s:g}"
    return web.json_response(body, status=status, headers=headers)


def _sarvam(code: str, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "code": code, "request_id": "simulated"}}


def _openai(code: str | None, message: str, kind: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
