"""Refusals become errors that say whether waiting helps, and nothing of what was said."""

import json
from typing import Any

import pytest
from livekit.agents import APIConnectionError, APIStatusError

from callmissed.providers.openai.chat_errors import RateLimitedError, error_inside, refusal_of


@pytest.mark.parametrize(
    ("status", "body", "kind", "retryable"),
    [
        (401, {"error": {"code": "invalid_api_key"}}, APIStatusError, False),
        (403, {"error": {"code": "invalid_api_key_error"}}, APIStatusError, False),
        (402, {}, APIStatusError, False),
        (429, {"error": {"code": "rate_limit_exceeded_error"}}, RateLimitedError, True),
        (429, {"error": {"code": "insufficient_quota_error"}}, APIStatusError, False),
        (429, {"error": {"type": "insufficient_quota"}}, APIStatusError, False),
        (503, {"error": {"code": "rate_limit_exceeded_error"}}, RateLimitedError, True),
        (503, {"error": {"code": "unavailable"}}, APIStatusError, True),
        (500, "not an object", APIStatusError, True),
        (499, {}, APIStatusError, True),
        (302, {}, APIStatusError, False),
        (200, {"error": {"code": 429}}, RateLimitedError, True),
    ],
)
def test_a_refusal_is_retryable_where_waiting_helps(
    status: int, body: Any, kind: type[APIStatusError], retryable: bool
) -> None:
    error = refusal_of(status, {"x-request-id": "r-1"}, json.dumps(body).encode())
    assert type(error) is kind
    assert isinstance(error, APIStatusError)
    assert error.retryable is retryable
    assert error.request_id == "r-1"
    assert error.status_code != 499


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "0.2"}, 0.2),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after-ms": "150", "retry-after": "1"}, 0.15),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_from_the_headers(
    headers: dict[str, str], wait_s: float | None
) -> None:
    error = refusal_of(429, headers, b"")
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_s == wait_s


def test_an_error_never_quotes_the_server() -> None:
    said = "4111-2222-3333-4444"
    body = json.dumps({"error": {"message": said, "code": said, "type": "invalid_request_error"}})
    for error in (refusal_of(400, {}, body.encode()), refusal_of(500, {}, said.encode())):
        assert "4111" not in str(error) + repr(error)
    assert "4111" not in repr(error_inside({"message": said, "code": said}, ""))


@pytest.mark.parametrize("body", [b"", b"<html></html>", b'{"choices": []}', b"[" * 100_000])
def test_something_else_than_a_stream_is_a_failed_connection(body: bytes) -> None:
    assert type(refusal_of(200, {}, body)) is APIConnectionError
