"""The two clocks: wall time for records, monotonic time for durations. Code that decides takes a `Clock`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


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
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")
