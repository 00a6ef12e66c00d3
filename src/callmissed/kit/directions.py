"""Vectors of meaning as directions: made of length 1, compared by cosine, packed to be stored.

A direction is kept twice: by the signs of its numbers, one bit each, by which the nearest few hundred
of many are found fast, and in half precision, by which these are put in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_NUMBERS, MAX_NUMBERS = 8, 8192


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """`values` are float32, of length 1 together."""

    values: NDArray[np.float32]

    @property
    def signs(self) -> str:
        """A `1` for each positive number, a `0` for each other."""
        return "".join(np.where(self.values > 0, "1", "0"))

    @property
    def packed(self) -> bytes:
        """Two bytes a number, little-endian."""
        return self.values.astype("<f2").tobytes()

    def similarities(self, packed: Sequence[bytes]) -> list[float]:
        """The cosine, from -1 to 1, with each of these, which are of as many numbers."""
        if not packed:
            return []
        others = np.frombuffer(b"".join(packed), "<f2").reshape(len(packed), -1)
        return [float(one) for one in others.astype(np.float32) @ self.values]


def read_direction(numbers: Sequence[float]) -> Direction:
    """Raises ValueError for what points nowhere: too few or too many numbers, none but zeros, or
    one that is no finite number.
    """
    try:
        with np.errstate(over="ignore"):
            values = np.asarray(numbers, np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError("these are no numbers") from error
    if values.ndim != 1 or not MIN_NUMBERS <= len(values) <= MAX_NUMBERS:
        raise ValueError(f"these are not {MIN_NUMBERS} to {MAX_NUMBERS} numbers")
    length = float(np.linalg.norm(values.astype(np.float64)))
    if not np.isfinite(length) or length == 0.0:
        raise ValueError("these numbers have no direction")
    return Direction((values / length).astype(np.float32))
