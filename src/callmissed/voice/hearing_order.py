"""Which speech recogniser listens next, and how soon."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from livekit.agents import stt

from callmissed.domain.models import Candidate

STABLE_S = 5.0
"""A connection that lived that long, or gave final words, was lost by chance."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 2.0
RETURN_AFTER_S = 30.0
"""A spare listens at least that long before the chosen one is tried again."""

Ears = Candidate[stt.STT[Any]]


class Leave(StrEnum):
    """Why a recogniser is listened to no more."""

    LOST = "the connection was lost"
    FAILED = "it does not work"
    REFUSED = "it refuses this call"
    SILENT = "it has no word for what was said"
    UNFINISHED = "it does not finish what it hears"
    GIVEN_UP = "nobody has a word for what was said"
    FOR_CHOSEN = "the chosen one may be well again"


class CandidateOrder:
    """The chosen recogniser first, its spares behind it, round and round while none works.

    Instants are seconds of one clock.
    """

    def __init__(self, candidates: Sequence[Ears]) -> None:
        self._candidates = tuple(candidates)
        self._at = 0
        self._failures = 0
        self._suspect: int | None = None
        self._left_chosen_s: float | None = None
        self._was_let_through = False

    def __len__(self) -> int:
        return len(self._candidates)

    @property
    def present(self) -> Ears:
        return self._candidates[self._at]

    @property
    def is_slow(self) -> bool:
        """Whether the present one states itself how long its final words may take."""
        return hasattr(self.present.engine, "final_timeout_s")

    @property
    def final_s(self) -> float | None:
        """How long that is, where nobody stands behind it who could be asked sooner."""
        is_last = self._at == len(self._candidates) - 1
        return getattr(self.present.engine, "final_timeout_s", None) if is_last else None

    @property
    def is_out(self) -> bool:
        """Every candidate has failed since one last gave a sign of life."""
        return self._failures >= len(self._candidates)

    def choose(self) -> Ears:
        """The candidate whose turn it is; one behind an open breaker only where all are."""
        if self._was_let_through:
            self._was_let_through = False
            return self.present
        count = len(self._candidates)
        for step in range(count):
            place = (self._at + step) % count
            if self._candidates[place].breaker.allows():
                self._at = place
                break
        return self.present

    def pause_s(self) -> float:
        """How long to wait before the next attempt: nothing until each was tried once."""
        rounds, rest = divmod(self._failures, len(self._candidates))
        if not rounds or rest:
            return 0.0
        return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (rounds - 1)))

    def note_life(self, *, has_words: bool) -> None:
        """The present candidate works; with words, whoever had none before it does not."""
        self._failures = 0
        self.present.breaker.succeeded()
        if has_words and self._suspect is not None:
            if self._suspect != self._at:
                self._candidates[self._suspect].breaker.failed()
            self._suspect = None

    def leave(self, reason: Leave, now_s: float) -> None:
        """Whose turn is next after the present one was left."""
        match reason:
            case Leave.FAILED:
                self._failures += 1
                self.present.breaker.failed()
                self._pass_on()
            case Leave.REFUSED:
                self._failures += 1
                self._pass_on()
            case Leave.UNFINISHED:
                self.present.breaker.failed()
                self._pass_on()
            case Leave.SILENT:
                self._suspect = self._at if self._suspect is None else self._suspect
                self._pass_on()
            case Leave.GIVEN_UP:
                self._at = self._at if self._suspect is None else self._suspect
                self._suspect = None
            case Leave.FOR_CHOSEN:
                self._at = 0
                self._was_let_through = True
        if not self._at:
            self._left_chosen_s = None
        elif self._left_chosen_s is None:
            self._left_chosen_s = now_s

    def may_return(self, now_s: float) -> bool:
        """Whether a spare listens where the chosen one may be tried again: now, if it is True."""
        if self._left_chosen_s is None or now_s - self._left_chosen_s < RETURN_AFTER_S:
            return False
        self._left_chosen_s = now_s
        return self._candidates[0].breaker.allows()

    def _pass_on(self) -> None:
        self._at = (self._at + 1) % len(self._candidates)
