"""What a chat server's refusals and failures are, as LiveKit's API errors.

Messages hold a status, a code word and our own text, never the server's: servers quote requests.
"""

import re
from collections.abc import Mapping
from typing import Any

from livekit.agents import APIConnectionError, APIError, APIStatusError

from callmissed.kit.bounded_json import MalformedJsonError, UnholdableJsonError, parse_json

OK = 200
PAYMENT_REQUIRED, REQUEST_TIMEOUT, TOO_MANY, UNAVAILABLE = 402, 408, 429, 503
SERVER_ERROR, BAD_GATEWAY = 500, 502
# LiveKit takes it for a client that went away and ends the answer without an error.
CLIENT_LEFT = 499

_SECONDS = re.compile(r"\d{1,6}(\.\d{1,6})?", re.ASCII)
# No digits: a key or a number of the caller's is no code.
_CODE = re.compile(r"[A-Za-z_.-]{1,64}")
_QUOTA = re.compile(r"quota|insufficient|billing|credit|balance")
_RATE = re.compile(r"rate_?limit|too_many_requests|overloaded")
_KEY = re.compile(r"api_?key|authentication|unauthorized")
_REQUEST = re.compile(r"invalid_request|context_length|unprocessable|not_found")


class RateLimitedError(APIStatusError):
    """429, or 503 with a code that says the same. `retry_after_s` is how long the server asks to
    wait, None where it does not say, or says a date.
    """

    def __init__(self, message: str, status: int, request_id: str, wait_s: float | None) -> None:
        super().__init__(message, status_code=status, request_id=request_id or None)
        self.retry_after_s = wait_s


class NoAnswerError(APIError):
    """The answer ended as the format ends it and held no word and no tool call."""


def refusal_of(status: int, headers: Mapping[str, str], body: bytes) -> APIError:
    """The error for an answer that is not a stream. Where waiting cannot help it is not
    retryable: a bad key, a bad request, a quota that is used up.
    """
    request_id = headers.get("x-request-id", "")
    error = _error_in(body)
    if status != OK:
        return _status_error(status, _code_of(error), request_id, _wait_in(headers))
    if error:
        return error_inside(error, request_id)
    return APIConnectionError("The provider answered with something else than a stream.")


def error_inside(error: object, request_id: str) -> APIStatusError:
    """The error for an `error` object in the middle of a stream, whose `code` may be an HTTP
    status (OpenRouter), else a word.
    """
    fields = error if isinstance(error, Mapping) else {}
    code = fields.get("code")
    if isinstance(code, int) and 400 <= code < 600:
        return _status_error(code, _word(fields.get("type")), request_id, None)
    words = _code_of(fields)
    return _status_error(_status_for(words), words, request_id, None)


def _status_error(status: int, code: str, request_id: str, wait_s: float | None) -> APIStatusError:
    if status == CLIENT_LEFT:
        status = BAD_GATEWAY
    message = f"The provider answered {status}{f' ({code})' if code else ''}."
    if status == PAYMENT_REQUIRED or _QUOTA.search(code):
        return APIStatusError(
            message, status_code=status, request_id=request_id or None, retryable=False
        )
    if status == TOO_MANY or (status == UNAVAILABLE and _RATE.search(code)):
        return RateLimitedError(message, status, request_id, wait_s)
    return APIStatusError(
        message,
        status_code=status,
        request_id=request_id or None,
        retryable=status >= SERVER_ERROR or status == REQUEST_TIMEOUT,
    )


def _status_for(code: str) -> int:
    for words, status in ((_QUOTA, PAYMENT_REQUIRED), (_RATE, TOO_MANY), (_KEY, 401)):
        if words.search(code):
            return status
    return 400 if _REQUEST.search(code) else SERVER_ERROR


def _error_in(body: bytes) -> Any:
    try:
        document: Any = parse_json(body)
    except (MalformedJsonError, UnholdableJsonError):
        return None
    return document.get("error") if isinstance(document, dict) else None


def _code_of(error: object) -> str:
    fields = error if isinstance(error, Mapping) else {}
    return _word(fields.get("code")) or _word(fields.get("type"))


def _word(value: object) -> str:
    return value.lower() if isinstance(value, str) and _CODE.fullmatch(value) else ""


def _wait_in(headers: Mapping[str, str]) -> float | None:
    for name, seconds in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "")
        if _SECONDS.fullmatch(value):
            return float(value) * seconds
    return None
