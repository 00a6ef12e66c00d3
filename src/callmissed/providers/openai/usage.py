"""Counts what a language model took and gave: as the provider told it, else as we estimate it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callmissed.domain.models import Model
from callmissed.domain.usage import Measure, Meter, Usage
from callmissed.kit.token_estimate import estimate_tokens

TOKENS_PER_MESSAGE = 4


@dataclass(frozen=True, slots=True)
class TokenCount:
    """`cached_input` is part of `input`; tokens of hidden thoughts are part of `output`."""

    input: int
    output: int
    cached_input: int = 0
    is_estimate: bool = False


def read_token_count(usage: object) -> TokenCount | None:
    """From the `usage` object of a chat completion; None where it tells nothing.

    Cached tokens stand in `prompt_tokens_details.cached_tokens` (OpenAI) or in `cached_tokens`
    (Moonshot).
    """
    if not isinstance(usage, Mapping):
        return None
    taken, given = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if taken is None or given is None or not taken + given:
        return None
    details = usage.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else None
    if cached is None:
        cached = _count(usage.get("cached_tokens")) or 0
    return TokenCount(taken, given, min(cached, taken))


def estimate_input(
    messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
) -> int:
    """Of the messages' texts and tool calls, a few tokens around each, and the tools' schemas."""
    total = TOKENS_PER_MESSAGE * len(messages)
    for message in messages:
        for part in (message.get("content"), message.get("tool_calls")):
            total += estimate_tokens(part) if isinstance(part, str) else _estimate_json(part)
    return total + _estimate_json(tools)


def report_tokens(count: TokenCount, model: Model, served_by: str, meter: Meter) -> None:
    """Adds each measure that is not zero."""
    amounts = {
        Measure.INPUT_TOKENS: count.input,
        Measure.CACHED_INPUT_TOKENS: count.cached_input,
        Measure.OUTPUT_TOKENS: count.output,
    }
    for measure, amount in amounts.items():
        if amount:
            meter.add(
                Usage(
                    model.service,
                    model.id,
                    measure,
                    amount,
                    served_by=served_by,
                    is_estimate=count.is_estimate,
                )
            )


def _estimate_json(value: object) -> int:
    return estimate_tokens(json.dumps(value, ensure_ascii=False)) if value else 0


def _count(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return None
