"""What can be refused, and how it is said. Only `api/errors.py` knows status codes."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """The machine-readable `code` of an error object; each has a page under `docs/reference/errors`."""

    MALFORMED_JSON = "malformed_json"
    INVALID_VALUE = "invalid_value"
    INVALID_API_KEY = "invalid_api_key"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    INVALID_CREDENTIALS = "invalid_credentials"
    LINK_NOT_VALID = "link_not_valid"
    INSUFFICIENT_CREDITS = "insufficient_credits"
    BUDGET_EXCEEDED = "budget_exceeded"
    PERMISSION_DENIED = "permission_denied"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TIMEOUT = "request_timeout"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
    MODEL_NOT_AVAILABLE = "model_not_available"
    RATE_LIMITED = "rate_limited"
    CONCURRENCY_LIMITED = "concurrency_limited"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    AT_CAPACITY = "at_capacity"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal_error"


@dataclass(slots=True)
class Refusal(Exception):  # noqa: N818 - the word the house uses
    """A request that cannot be done: `message` says what is wrong, `param` where, `hint` what to do about it.

    `retry_after_s` is set where trying again later can help.
    """

    kind: Kind
    message: str
    hint: str
    param: str | None = None
    retry_after_s: int | None = None
    details: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


def not_found(noun: str) -> Refusal:
    """Also the answer for what belongs to somebody else."""
    return Refusal(
        Kind.NOT_FOUND,
        f"There is no {noun} with this id.",
        f"Check the id and that the key belongs to the tenant that owns the {noun}.",
    )


def invalid(param: str, message: str, hint: str) -> Refusal:
    return Refusal(Kind.INVALID_VALUE, message, hint, param=param)
