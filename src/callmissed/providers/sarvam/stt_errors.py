"""What the realtime socket's errors and the ends of both sockets mean (docs.sarvam.ai, "Realtime
Streaming").
"""

from collections.abc import Mapping
from typing import Any

from livekit.agents import APIConnectionError, APIError, APIStatusError

from callmissed.providers.sarvam.errors import error_of_message

REFUSED_CLOSE = 4000
"""A realtime socket that closes so rejected the account or what it was asked for."""


def error_of_close(code: int | None, reason: object) -> APIError:
    """What the end of a socket means while sound is still being sent.

    A clean end is one too: whoever listens would be deaf from then on.
    """
    match code:
        case 1003:
            return _error_of_1003(reason)
        case 1011:
            return APIStatusError("Sarvam failed inside", status_code=500)
        case 1013:
            return APIStatusError("Sarvam cannot listen now", status_code=503)
        case 4000:
            return APIStatusError(
                "Sarvam rejected the socket", status_code=REFUSED_CLOSE, retryable=False
            )
    return APIConnectionError(f"Sarvam ended the socket while somebody spoke ({code})")


def _error_of_1003(reason: object) -> APIStatusError:
    """One close code for a key, a quota and a rate: the reason tells which."""
    text = reason.lower() if isinstance(reason, str) else ""
    if any(word in text for word in ("key", "auth", "subscription")):
        return error_of_message({"code": "invalid_api_key_error"}, "to listen")
    if any(word in text for word in ("quota", "credit", "balance")):
        return error_of_message({"code": "insufficient_quota_error"}, "to listen")
    return error_of_message({"code": "rate_limit_exceeded_error"}, "to listen")


def error_of_realtime(content: Mapping[str, Any]) -> APIStatusError:
    """Its `status_code` decides where its `code` is none of the documented names."""
    error = error_of_message(content, "to listen")
    status = content.get("status_code")
    if error.status_code != -1 or not isinstance(status, int):
        return error
    return error_of_message({**content, "code": status}, "to listen")
