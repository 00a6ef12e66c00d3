"""One exchange of a call: what the caller said, what the caller heard, how long each stage took."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from callmissed.domain.usage import Usage


@dataclass(frozen=True, slots=True)
class Source:
    """A passage of the tenant's documents that the answer was given from."""

    document: str
    heading: str
    score: float


@dataclass(frozen=True, slots=True)
class Turn:
    """Turn 0 is the greeting; its `user_transcript` is None.

    Every `*_ms` instant counts from the last sound of the caller's utterance: `stt_ms` final words known, `endpoint_ms`
    end of turn decided, `first_token_ms`, `first_audio_ms` first audible sample handed to the transport, `total_ms`
    agent silent again; None where the stage did not happen. `stages` are consecutive durations in ms that add up to
    `first_audio_ms`. `retrieval_ms` is a duration. `offset_ms` counts from the session's first moment, `duration_ms`
    covers the turn from the caller's onset to the agent's last sound. `agent_response` is what was heard; `generated`
    what the model wrote. `llm_model` is the one that wrote it, a spare where the chosen one failed.
    `usage` is what the models delivered since the turn before, guesses among it. `trace` holds, each only where it
    happened: `failure` why no whole answer was given; `fallbacks` what failed and was left, in order (`service`,
    `model`, `provider`, `reason`, `after` true where it had begun to deliver); `fillers` the sentences said while the
    caller waited, which are part of what was heard and not of what the model remembers; `tools` those that were run, in
    order (`tool`, `arguments`, `outcome`, `result`, `took_ms`, `ends_call`); `speculation` what became of answers
    begun before the turn was over (`used`, `early_ms` how long before, `thrown_away` how many); `over_budget` the
    budget in ms of each stage that took longer, and of `first_audio` where the whole turn did.
    """

    user_transcript: str | None
    agent_response: str
    interrupted: bool
    llm_model: str
    language: str
    created_at: datetime
    offset_ms: int
    duration_ms: int
    speech_ms: int = 0
    stt_ms: int | None = None
    endpoint_ms: int | None = None
    retrieval_ms: int | None = None
    first_token_ms: int | None = None
    first_audio_ms: int | None = None
    total_ms: int | None = None
    stop_ms: int | None = None
    llm_attempts: int = 1
    generated: str = ""
    sources: tuple[Source, ...] = ()
    stages: dict[str, int] = field(default_factory=dict)
    trace: dict[str, Any] = field(default_factory=dict)
    usage: tuple[Usage, ...] = ()


def hangs_up(turn: Turn) -> bool:
    """True for a turn in which the agent ended the call, and was heard out."""
    ends_call = any(used.get("ends_call") for used in turn.trace.get("tools", ()))
    return ends_call and not turn.interrupted


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn with its place in the transcript, contiguous from 0."""

    turn_index: int
    turn: Turn
