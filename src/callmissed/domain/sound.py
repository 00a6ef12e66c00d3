"""What is done to the caller's sound before anybody listens to it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SoundIn:
    """`guard`: while the agent speaks, only the caller's own voice is heard, not its echo and not
    the room. `level`: every caller is brought to one loudness. `filter_noise`: steady noise is taken
    out of what passes.
    """

    guard: bool = True
    level: bool = True
    filter_noise: bool = False
