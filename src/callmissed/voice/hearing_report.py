"""What is told of hearing: to the turn's record, and to the conversation when nobody can hear."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from callmissed.domain.models import Model
from callmissed.voice.hearing_order import Leave

LOST_AFTER_S = 20.0
"""Nobody could hear the caller for that long: the call is no use any more."""
MAX_LEFT_TOLD = 20
LOST_UTTERANCES = 3
"""Stretches of speech that no recogniser had a word for, one after another."""


@dataclass(slots=True)
class Report:
    """Who heard the latest words, and which recognisers were left since it was taken."""

    model_id: str
    left: list[dict[str, str]] = field(default_factory=list)

    def note_left(self, model: Model, reason: Leave) -> None:
        """A return to the chosen one is no trouble with the spare."""
        if reason is not Leave.FOR_CHOSEN:
            told = {"provider": model.provider, "model": model.id, "reason": reason.name.lower()}
            self.left.append(told)

    def take(self) -> dict[str, Any]:
        """`model`, `reconnects` (how many were left) and, where there are any, `left`: the first
        `MAX_LEFT_TOLD` of them with `provider`, `model` and `reason`.
        """
        left, self.left = self.left, []
        told = {"left": left[:MAX_LEFT_TOLD]} if left else {}
        return {"model": self.model_id, "reconnects": len(left), **told}


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
