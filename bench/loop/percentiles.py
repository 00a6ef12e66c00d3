"""Percentiles of what was measured."""

from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """Linear between the two nearest; `values` is not empty."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
