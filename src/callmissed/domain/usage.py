"""What the models of a call delivered, counted where it was delivered."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from callmissed.domain.models import Service


class Measure(StrEnum):
    """What is counted. Audio is counted in milliseconds, text in Unicode code points."""

    AUDIO_MS = "audio_ms"
    INPUT_TOKENS = "input_tokens"
    CACHED_INPUT_TOKENS = "cached_input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    CHARACTERS = "characters"
    CACHED_CHARACTERS = "cached_characters"


@dataclass(frozen=True, slots=True)
class Usage:
    """`amount` units of `measure` that `model_id` delivered.

    `model_id` is the catalogue's id of the model that was asked; `served_by` the one that the
    provider named in its answer, where it names one. `is_guess` marks an answer begun before the
    turn was confirmed and thrown away. `is_estimate` marks a count of ours where the provider told
    none. `cached_input_tokens` are part of `input_tokens`.
    """

    service: Service
    model_id: str
    measure: Measure
    amount: int
    served_by: str = ""
    is_guess: bool = False
    is_estimate: bool = False


class Meter(Protocol):
    """Takes what an engine delivered, at the moment at which it knows; never waits."""

    def add(self, usage: Usage) -> None: ...


class NoMeter:
    """Counts nothing."""

    def add(self, usage: Usage) -> None:
        return None


NO_METER = NoMeter()


def add_up(usages: Iterable[Usage]) -> tuple[Usage, ...]:
    """One entry for each kind of delivery, with the sum of its amounts; in order of appearance.

    Entries that differ in anything but the amount are different kinds. Sums of 0 are left out.
    """
    amounts: dict[Usage, int] = {}
    for usage in usages:
        kind = replace(usage, amount=0)
        amounts[kind] = amounts.get(kind, 0) + usage.amount
    return tuple(replace(kind, amount=amount) for kind, amount in amounts.items() if amount)
