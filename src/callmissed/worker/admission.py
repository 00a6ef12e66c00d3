"""Whether a worker may take one more call: decided by what was measured, before anybody hears it."""

from collections.abc import Collection
from dataclasses import dataclass

LATE_MS = 250.0
LATE_BEATS = 3
LEAST_FREE_MEMORY = 0.05
LEAST_FREE_DISK = 0.05


@dataclass(frozen=True, slots=True)
class HostLoad:
    """Shares between 0 and 1: memory that can still be had, free space where the journals lie."""

    free_memory: float = 1.0
    free_disk: float = 1.0


def is_late(lags_ms: Collection[float]) -> bool:
    """True where the last `LATE_BEATS` beats of a process all told of a loop later than `LATE_MS`;
    one hiccup is none.
    """
    last = list(lags_ms)[-LATE_BEATS:]
    return len(last) == LATE_BEATS and min(last) > LATE_MS


def open_slots(slots: int, calls: int, lags_ms: Collection[float]) -> int:
    """How many more calls a process takes."""
    return 0 if is_late(lags_ms) else max(0, slots - calls)


def find_shortage(load: HostLoad) -> str | None:
    """What the host lacks for any further call; None where it lacks nothing."""
    if load.free_memory < LEAST_FREE_MEMORY:
        return "memory"
    if load.free_disk < LEAST_FREE_DISK:
        return "disk"
    return None
