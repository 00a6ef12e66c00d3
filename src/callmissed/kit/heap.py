"""The collector of cyclic garbage, out of the way of what must not come late."""

import gc

YOUNG_OBJECTS = 7_000
"""Ten times Python's own: of ten young objects nine are gone by themselves before they are looked at."""


def settle_heap() -> None:
    """Once a process is ready: what is there now is never looked at again, what comes more seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
