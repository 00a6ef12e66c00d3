"""The two clocks: wall time for records, monotonic time for durations. Code that decides takes a `Clock`."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True, slots=True)
class Clock:
    """`now` is an aware UTC datetime; `monotonic_s` only ever grows and has no epoch."""

    now: Callable[[], datetime]
    monotonic_s: Callable[[], float]


def utc_now() -> datetime:
    return datetime.now(UTC)


SYSTEM_CLOCK = Clock(now=utc_now, monotonic_s=time.monotonic)


def rfc3339(moment: datetime) -> str:
    """`2026-04-19T12:00:00.123Z`; whole seconds lose their fraction, as in the API's examples."""
    text = moment.astimezone(UTC).isoformat(
        timespec="milliseconds" if moment.microsecond else "seconds"
    )
    return text.replace("+00:00", "Z")


def read_rfc3339(text: str) -> datetime:
    """In UTC, to the microsecond. Raises ValueError for what is no date and time with an offset."""
    if _RFC3339.fullmatch(text) is None:
        raise ValueError("it must be a date and time as 2026-04-19T12:00:00Z")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError("it is beyond the years 1 to 9999") from None
