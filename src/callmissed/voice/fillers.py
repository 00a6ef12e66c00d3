"""What is said when an answer is late or does not come: recorded ahead, at hand whatever fails."""

import asyncio
from collections.abc import Awaitable, Callable

from callmissed.domain.prompts import apology, bridge, fillers, goodbye, unheard

Clip = bytes
"""Mono PCM16 at the rate of the call's output; empty where a sentence could not be recorded."""

QUIET_LIMIT_S = 1.8
"""So long nobody speaks at most while an answer is awaited."""
TRY_AGAIN_S = (1.0, 2.0, 4.0)
"""Pauses between attempts at what could not be recorded: a caller may have to wait any moment."""


class Clips:
    """The agent's standing sentences in one language, as sound where `record` could make it."""

    def __init__(self, record: Callable[[str], Awaitable[Clip]]) -> None:
        self._record = record
        self._clips: dict[str, Clip] = {}
        self.apology = ""
        self.bridge = ""
        self.goodbye = ""
        self.unheard = ""
        self.fillers: tuple[str, ...] = ()

    def speak(self, language: str) -> None:
        """From now on the sentences are those of this language (BCP-47); `record_all` makes them
        sound."""
        self.apology = apology(language)
        self.bridge = bridge(language)
        self.goodbye = goodbye(language)
        self.unheard = unheard(language)
        self.fillers = fillers(language)

    async def record_all(self) -> None:
        """Makes each that is missing, the most urgent first; also those of a language that is taken
        up meanwhile. What cannot be made is tried again, a few times and ever later."""
        await self._record_missing()
        for pause_s in TRY_AGAIN_S:
            if self.are_complete:
                return
            await asyncio.sleep(pause_s)
            await self._record_missing()

    @property
    def are_complete(self) -> bool:
        return all(text in self._clips for text in self._all())

    def find(self, text: str) -> Clip:
        """Empty where it could not be recorded."""
        return self._clips.get(text, b"")

    async def _record_missing(self) -> None:
        tried: set[str] = set()
        while missing := [one for one in self._all() if one not in self._clips.keys() | tried]:
            tried.add(missing[0])
            if clip := await self._record(missing[0]):
                self._clips[missing[0]] = clip

    def _all(self) -> tuple[str, ...]:
        return (self.apology, *self.fillers, self.bridge, self.unheard, self.goodbye)


class Patience:
    """How often the caller of one answer has been asked to wait: once for each filler, then no
    more."""

    def __init__(self, sentences: tuple[str, ...], quiet_limit_s: float = QUIET_LIMIT_S) -> None:
        self._quiet_limit_s = quiet_limit_s
        self._left = list(sentences)
        self._taken_s = 0.0

    def wait_s(self, quiet_from_s: float | None, now_s: float) -> float | None:
        """How long from now until something must be said, if the agent is silent from then on;
        None for ever."""
        if quiet_from_s is None:
            return None
        return max(0.0, max(quiet_from_s, self._taken_s) + self._quiet_limit_s - now_s)

    def wait_on(self, now_s: float, text: str) -> str:
        """Says `text` for a wait that has its own end, and leaves the fillers for others."""
        self._taken_s = now_s
        return text

    def take(self, now_s: float, is_recorded: Callable[[str], bool]) -> str | None:
        """The next filler, one that can be heard before any other; None when the caller has waited
        long enough."""
        self._taken_s = now_s
        if not self._left:
            return None
        chosen = next(filter(is_recorded, self._left), self._left[0])
        self._left.remove(chosen)
        return chosen
