"""What happened lately: a bounded set whose members lapse."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable


class Recent:
    """At most `max_members`; the one that was added longest ago makes room."""

    def __init__(self, max_members: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self._max_members = max_members
        self._now_s = now_s
        self._until_s: OrderedDict[Hashable, float] = OrderedDict()

    def add(self, member: Hashable, ttl_s: float) -> None:
        self._until_s[member] = self._now_s() + ttl_s
        self._until_s.move_to_end(member)
        if len(self._until_s) > self._max_members:
            self._until_s.popitem(last=False)

    def left_s(self, member: Hashable) -> float:
        """How long it stays; 0 for one that is not here."""
        return max(0.0, self._until_s.get(member, 0.0) - self._now_s())
