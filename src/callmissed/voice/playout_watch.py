"""Notices that a speech's sound has stopped flowing though nobody stopped it."""

import asyncio
from collections.abc import Callable

from callmissed.domain.lines import Playhead

LOOK_EVERY_S = 0.5
STUCK_S = 2.0
"""Sound that is there, and is not played for so long, will not be."""
LEAST_WAITING_S = 0.02


class PlayoutWatch:
    """One speech at a time, from its first sound to its end; `on_stuck` is called at most once for
    each. Sound that is held back on purpose is not missed.
    """

    def __init__(self, playhead: Playhead, on_stuck: Callable[[], None]) -> None:
        self._playhead = playhead
        self._on_stuck = on_stuck
        self._made_s = 0.0
        self._is_flushed = False
        self._is_held = False
        self._furthest_s = -1.0
        self._stuck_for_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, seconds: float) -> None:
        """So much more sound was handed over."""
        self._made_s += seconds
        if self._timer is None:
            self._set_timer()

    def note_end(self) -> None:
        """All of it was handed over: its end is due when it has been played."""
        self._is_flushed = self._timer is not None

    def hold(self, is_held: bool) -> None:
        self._is_held = is_held

    def stop(self) -> None:
        """The speech is over."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._made_s, self._furthest_s, self._stuck_for_s = 0.0, -1.0, 0.0
        self._is_flushed = False

    def _set_timer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        played_s = self._playhead.played_s
        is_due = self._is_flushed or self._made_s - played_s > LEAST_WAITING_S
        if self._is_held or not is_due or played_s > self._furthest_s:
            self._stuck_for_s = 0.0
        else:
            self._stuck_for_s += LOOK_EVERY_S
        self._furthest_s = max(played_s, self._furthest_s)
        if self._stuck_for_s >= STUCK_S:
            self.stop()
            self._on_stuck()
        else:
            self._set_timer()
