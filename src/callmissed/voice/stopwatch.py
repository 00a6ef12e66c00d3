"""How long a turn took, stage by stage, from instants of one monotonic clock."""

from collections.abc import Iterable
from dataclasses import dataclass

from callmissed.domain.budgets import STAGES


@dataclass(slots=True)
class Instants:
    """When each thing of one answer happened, in seconds; None where it did not.

    `speech_end_s` is the last sound of the caller as it arrived. `begun_s` is when work on the answer
    began; on a guess that is before `endpoint_s`, and may be before `speech_end_s`.
    """

    speech_end_s: float | None = None
    final_words_s: float | None = None
    endpoint_s: float | None = None
    begun_s: float | None = None
    retrieved_s: float | None = None
    first_token_s: float | None = None
    first_clause_s: float | None = None
    tts_audio_s: float | None = None
    audible_s: float | None = None


def ms_since(start_s: float | None, instant_s: float | None) -> int | None:
    """Whole milliseconds, never negative; None where one of the two is unknown."""
    if start_s is None or instant_s is None:
        return None
    return max(0, round((instant_s - start_s) * 1000))


def lay_out_stages(instants: Instants) -> dict[str, int]:
    """Consecutive durations in ms that add up to the time to the first audible sample.

    What was done before the stage in front of it was over, on a guess, costs nothing: its stage is
    0. Empty when there was no utterance or nothing was heard.
    """
    total_ms = ms_since(instants.speech_end_s, instants.audible_s)
    if total_ms is None:
        return {}
    stages: dict[str, int] = {}
    reached_ms = 0
    for name, instant_s in zip(STAGES, _in_order(instants), strict=True):
        at_ms = ms_since(instants.speech_end_s, instant_s)
        until_ms = reached_ms if at_ms is None else min(max(at_ms, reached_ms), total_ms)
        stages[name] = until_ms - reached_ms
        reached_ms = until_ms
    return stages


def _in_order(instants: Instants) -> Iterable[float | None]:
    yield instants.endpoint_s
    yield instants.retrieved_s
    yield instants.first_token_s
    yield instants.first_clause_s
    yield instants.tts_audio_s
    yield instants.audible_s
