"""What the models of one call delivered, by the answer for which they did."""

from dataclasses import replace

from callmissed.domain.usage import Usage, add_up
from callmissed.voice.answers import current_speech_id

MAX_DISCARDED = 64
"""Guesses of which a late count is still known to be one."""


class CallMeter:
    """The `Meter` of one call.

    What is counted inside a speech belongs to its answer; the rest (the caller's words, clips made
    ahead of time) to the turn that is told next.
    """

    def __init__(self) -> None:
        self._of_speech: dict[str, list[Usage]] = {}
        self._loose: list[Usage] = []
        self._settled: list[Usage] = []
        self._discarded: list[str] = []

    def add(self, usage: Usage) -> None:
        speech_id = current_speech_id()
        if speech_id in self._discarded:
            self._loose.append(as_guess(usage))
        elif speech_id in self._of_speech:
            self._of_speech[speech_id].append(usage)
        else:
            self._loose.append(usage)

    def open(self, speech_id: str) -> None:
        """What is counted inside this speech is kept for its answer."""
        self._of_speech.setdefault(speech_id, [])

    def discard(self, speech_id: str) -> None:
        """The speech was a guess that nobody heard: the next turn bears it, marked as one."""
        self._discarded = [*self._discarded, speech_id][-MAX_DISCARDED:]
        self._loose += [as_guess(usage) for usage in self._of_speech.pop(speech_id, [])]

    def settle(self, speech_id: str | None) -> tuple[Usage, ...]:
        """All that belongs to the turn that is told now; each delivery is given once."""
        taken = self._loose + (self._of_speech.pop(speech_id, []) if speech_id else [])
        self._loose = []
        self._settled = list(add_up(self._settled + taken))
        return add_up(taken)

    def total(self) -> tuple[Usage, ...]:
        """Everything so far, told or not."""
        open_ones = [usage for usages in self._of_speech.values() for usage in usages]
        return add_up(self._settled + self._loose + open_ones)


def as_guess(usage: Usage) -> Usage:
    return replace(usage, is_guess=True)
