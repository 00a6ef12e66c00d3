"""Rates of keys and addresses at the door, and how an answer tells where they stand."""

from collections.abc import Mapping

from callmissed.domain.api_keys import ApiKey
from callmissed.domain.errors import Refusal
from callmissed.domain.limits import (
    UNKNOWN_KEYS,
    Rate,
    Standing,
    counters_of,
    network_of,
    rate_limited,
)
from callmissed.kit.recent import Recent

NO_KEY_HEARD_S = 5.0
GOOD_KEY_HEARD_S = 600.0
MAX_REMEMBERED = 10_000


class KeyMemory:
    """What this process need not ask the database again: keys that it does not know, and addresses
    that have asked for too many of them.

    A key that was good lately is asked for all the same, whatever its neighbours do.
    """

    def __init__(self) -> None:
        self._unknown = Recent(MAX_REMEMBERED)
        self._good = Recent(MAX_REMEMBERED)
        self._barred = Recent(MAX_REMEMBERED)

    def is_unknown(self, key_hash: bytes) -> bool:
        return self._unknown.left_s(key_hash) > 0

    def check_address(self, key_hash: bytes, address: str) -> None:
        """Raises Refusal RATE_LIMITED."""
        left_s = self._barred.left_s(network_of(address))
        if left_s > 0 and self._good.left_s(key_hash) == 0:
            wait_s = max(1, round(left_s))
            raise too_many_unknown(Standing(UNKNOWN_KEYS.limit, 0, wait_s, wait_s))

    def note_good(self, key_hash: bytes) -> None:
        self._good.add(key_hash, GOOD_KEY_HEARD_S)

    def note_unknown(self, key_hash: bytes, address: str, standing: Standing | None) -> None:
        """`standing` is that of `unknown_counter`."""
        self._unknown.add(key_hash, NO_KEY_HEARD_S)
        if standing is not None and standing.retry_after_s is not None:
            self._barred.add(network_of(address), standing.retry_after_s)


def unknown_counter(address: str) -> list[tuple[str, Rate]]:
    return [(f"unknown-key/{network_of(address)}", UNKNOWN_KEYS)]


def key_counters(key: ApiKey | None, address: str) -> list[tuple[str, Rate]]:
    return [] if key is None else counters_of(key, address)


def check_standing(standing: Standing | None) -> None:
    """Raises Refusal RATE_LIMITED."""
    if standing is not None and standing.retry_after_s is not None:
        raise rate_limited(
            standing,
            f"This key may be used {standing.limit} times a minute here.",
            "Try again after the seconds in Retry-After.",
        )


def too_many_unknown(standing: Standing) -> Refusal:
    return rate_limited(
        standing,
        "Too many keys that do not exist came from this address.",
        "Check the key that is sent, then try again after the seconds in Retry-After.",
    )


def rate_headers(standing: object) -> Mapping[str, str]:
    """`X-RateLimit-*`: how many a minute, how many are left, seconds until all are left again."""
    if not isinstance(standing, Standing):
        return {}
    return {
        "X-RateLimit-Limit": str(standing.limit),
        "X-RateLimit-Remaining": str(standing.remaining),
        "X-RateLimit-Reset": str(standing.reset_s),
    }
