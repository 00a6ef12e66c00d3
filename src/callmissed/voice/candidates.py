"""Which model is asked next when one fails: the chosen one first, its spares behind it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic

from livekit.agents import APIError, APIStatusError

from callmissed.domain.models import Candidate, Engine, Service
from callmissed.kit.breaker import CIRCUIT_OPEN as CIRCUIT_OPEN

SOON_S = 1.0
"""A failure that came sooner than this leaves time to ask the same model again."""

NOT_THE_PROVIDERS_FAULT = frozenset({400, 413, 415, 422})
"""HTTP status codes that speak about one request, not about the provider's health."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """A model that was asked and left. `after_output` is True where it had begun to deliver."""

    service: Service
    model_id: str
    provider: str
    reason: str
    after_output: bool


@dataclass(slots=True)
class Choices:
    """Which models one answer has left, and which of each service it is at: so that it does not go
    back to the one, nor away from the other while a breaker waits for its first success.
    """

    fallbacks: list[Fallback] = field(default_factory=list)
    at: dict[Service, str] = field(default_factory=dict)


class Trial(Generic[Engine]):
    """The attempts at one piece of work of one answer.

    Call `next`, work, then tell the outcome: `succeeded`, `failed` or, where the attempt says
    nothing about the model, `repeat`. Both are kept in `choices`. A call without spares asks its
    only model a second time where that is worth it.
    """

    def __init__(
        self,
        service: Service,
        candidates: Sequence[Candidate[Engine]],
        choices: Choices,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._candidates = candidates
        self._choices = choices
        self._monotonic_s = monotonic_s
        self._current: Candidate[Engine] | None = None
        self._began_s = 0.0
        self._asks_again = False
        self._has_asked_again = False
        self.last_error: Exception = NobodyLeftError()

    def next(self) -> Candidate[Engine] | None:
        """Whom to ask now; None where nobody is left."""
        if self._asks_again and self._current is not None:
            self._asks_again = False
            return self._begin(self._current) if self._current.breaker.allows() else None
        fallbacks = self._choices.fallbacks
        left = {one.model_id for one in fallbacks if one.service is self._service}
        at = self._choices.at.get(self._service)
        has_spares = len(self._candidates) > 1
        for candidate in self._candidates if self._current is None or has_spares else ():
            if has_spares and candidate.model.id in left:
                continue
            if candidate.model.id == at or candidate.breaker.allows():
                return self._begin(candidate)
            self._note(candidate, CIRCUIT_OPEN, after_output=False)
        return None

    def repeat(self) -> None:
        """The same one is asked again; nobody is blamed."""
        self._asks_again = True

    def succeeded(self) -> None:
        if self._current is not None:
            self._current.breaker.succeeded()

    def failed(self, error: Exception, *, after_output: bool) -> None:
        if self._current is None:
            return
        if speaks_of_provider(error):
            self._current.breaker.failed()
        self._note(self._current, describe(error), after_output=after_output)
        self.last_error = error
        self._asks_again = self._is_worth_another(error)
        self._has_asked_again |= self._asks_again

    def _begin(self, candidate: Candidate[Engine]) -> Candidate[Engine]:
        self._current = candidate
        self._choices.at[self._service] = candidate.model.id
        self._began_s = self._monotonic_s()
        return candidate

    def _is_worth_another(self, error: Exception) -> bool:
        return (
            len(self._candidates) == 1
            and not self._has_asked_again
            and isinstance(error, APIError)
            and error.retryable
            and self._monotonic_s() - self._began_s < SOON_S
        )

    def _note(self, candidate: Candidate[Engine], reason: str, *, after_output: bool) -> None:
        model = candidate.model
        fallback = Fallback(self._service, model.id, model.provider, reason, after_output)
        self._choices.fallbacks.append(fallback)


class NobodyLeftError(Exception):
    """Every model of a service was left before this piece of work began."""


def speaks_of_provider(error: Exception) -> bool:
    """False for a refusal of this one request, which tells nothing about the next."""
    return not (isinstance(error, APIStatusError) and error.status_code in NOT_THE_PROVIDERS_FAULT)


def describe(error: Exception) -> str:
    """The error's kind and status code; never its message, which may hold what was said."""
    name = type(error).__name__
    return f"{name} {error.status_code}" if isinstance(error, APIStatusError) else name
