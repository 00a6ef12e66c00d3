"""What is told of hearing: to the turn's record, and to the conversation when nobody can hear."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LOST_AFTER_S = 20.0
"""Nobody could hear the caller for that long: the call is no use any more."""
LOST_UTTERANCES = 3
"""Stretches of speech that no recogniser had a word for, one after another."""


@dataclass(slots=True)
class Report:
    """Who heard the latest words, and how often a recogniser was replaced since it was taken."""

    model_id: str
    reconnects: int = 0

    def take(self) -> dict[str, Any]:
        taken = {"model": self.model_id, "reconnects": self.reconnects}
        self.reconnects = 0
        return taken


class Deafness:
    """Since when nobody hears the caller. Instants are seconds of one clock."""

    def __init__(
        self,
        on_late: Callable[[], None],
        on_deaf: Callable[[], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self._on_late = on_late
        self._on_deaf = on_deaf
        self._on_lost = on_lost
        self._since_s: float | None = None
        self._utterances = 0
        self._was_lost = False

    @property
    def lost_at_s(self) -> float | None:
        """When the call is given up if nothing changes."""
        if self._since_s is None or self._was_lost:
            return None
        return self._since_s + LOST_AFTER_S

    def begin(self, now_s: float) -> None:
        """No recogniser works."""
        if self._since_s is None:
            self._since_s = now_s

    def end(self) -> None:
        """Somebody hears the caller."""
        self._since_s = None
        self._utterances = 0

    def tell_late(self) -> None:
        """The caller certainly said something, and waits."""
        self._on_late()

    def tell(self) -> None:
        """The caller spoke and nobody heard it."""
        self._on_deaf()

    def note_unheard(self) -> None:
        """Working recognisers had no word for what the caller said."""
        self._utterances += 1
        if self._utterances >= LOST_UTTERANCES:
            self.give_up(f"no words for {self._utterances} stretches of speech")

    def give_up(self, detail: str) -> None:
        if not self._was_lost:
            self._was_lost = True
            self._on_lost(f"speech recognition stays unavailable: {detail}")
