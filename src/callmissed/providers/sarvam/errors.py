"""What Sarvam's errors mean: its codes, its HTTP answers, its error messages on a socket
(docs.sarvam.ai, "Error codes").

The vendor's own text is never passed on: it may repeat what a caller said.
"""

import re
from collections.abc import Mapping
from typing import Any

import aiohttp
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

_STATUS_OF = {
    "invalid_request_error": 400,
    "invalid_api_key_error": 403,
    "authentication_error": 403,
    "not_found_error": 404,
    "unprocessable_entity_error": 422,
    "insufficient_quota_error": 429,
    "rate_limit_exceeded_error": 429,
    "internal_server_error": 500,
    "model_call_error": 500,
    "billing_service_unavailable_error": 503,
    "gateway_timeout_error": 504,
}
# LiveKit takes it for a client that went away, and hides the error.
_CLIENT_LEFT, _BAD_GATEWAY = 499, 502
_NO_WAITING_HELPS = "insufficient_quota_error"
_ID = re.compile(r"[\w.-]{1,80}", re.ASCII)
_CODE_IN_TEXT = re.compile(r"\s*(\d{3})\s*:")


def error_of_message(data: Mapping[str, Any], what: str) -> APIStatusError:
    """For the `data` of a socket's error message; `what` failed.

    The code may be a status, a name or missing; a text that begins `400: ` tells it then. Without
    any the status is -1, and it may be tried again.
    """
    code = data.get("code")
    name = code if isinstance(code, str) and not code.isdigit() else ""
    status = _STATUS_OF.get(name, -1)
    if not name and code is not None:
        status = int(code) if isinstance(code, int | str) else -1
    if status == -1:
        texts = [str(data.get(key, "")) for key in ("message", "error")]
        found = [read for text in texts if (read := _CODE_IN_TEXT.match(text))]
        status = int(found[0][1]) if found else -1
    return _refusal(status, name, data.get("request_id"), what)


def error_of_answer(status: int, body: object, what: str) -> APIStatusError:
    """For an HTTP answer that is no success; `body` is its JSON, or None."""
    error = body.get("error") if isinstance(body, dict) else None
    told: Mapping[str, Any] = error if isinstance(error, dict) else {}
    return _refusal(status, str(told.get("code")), told.get("request_id"), what)


def error_of_failure(error: Exception, what: str) -> APIError:
    """For what aiohttp raises while it connects, sends or reads."""
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return _refusal(error.status, "", None, what)
    if isinstance(error, TimeoutError):
        return APITimeoutError(f"Sarvam did not answer: {what}")
    return APIConnectionError(f"the connection to Sarvam failed: {what}")


def _refusal(status: int, name: str, request_id: object, what: str) -> APIStatusError:
    known_id = isinstance(request_id, str) and _ID.fullmatch(request_id)
    return APIStatusError(
        f"Sarvam refused {what}",
        status_code=_BAD_GATEWAY if status == _CLIENT_LEFT else status,
        request_id=str(request_id) if known_id else None,
        body=name if name in _STATUS_OF else None,
        retryable=name != _NO_WAITING_HELPS,
    )
