"""One turn of a transcript as the API shows it."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from callmissed.api.session_forms import Moment
from callmissed.domain.tools import ToolOutcome
from callmissed.domain.turns import StoredTurn
from callmissed.domain.usage import Usage


class SourceOut(BaseModel):
    """A passage of the documents that the answer came from."""

    document: str
    heading: str
    score: float


class UsageOut(BaseModel):
    """Something that a model delivered."""

    service: Literal["stt", "llm", "tts"]
    model: str = Field(description="The id under which the model was asked.")
    served_by: str = Field(description="The model that the provider says it used; else empty.")
    measure: str = Field(
        description="audio_ms, input_tokens, cached_input_tokens (part of input_tokens), "
        "output_tokens, characters or cached_characters (said before, from memory)."
    )
    amount: int
    is_guess: bool = Field(description="For an answer begun too early and thrown away.")
    is_estimate: bool = Field(description="Counted here, as the provider told no number.")


class FallbackOut(BaseModel):
    """A model that was asked and left for the next one."""

    service: Literal["stt", "llm", "tts"]
    model: str
    provider: str = Field("", description="Who serves it.")
    reason: str
    after: bool = Field(description="It had begun to deliver; what was heard stands.")


class ToolUsedOut(BaseModel):
    """A tool that the agent used for its answer."""

    tool: str
    arguments: str = Field(description="As the model wrote them; cut behind 1,000 characters.")
    outcome: ToolOutcome
    result: str = Field(description="What the model was told; cut behind 1,000 characters.")
    took_ms: int
    ends_call: bool


class HearingOut(BaseModel):
    """Who heard the caller."""

    model: str
    reconnects: int = Field(description="Connections to recognisers lost or left meanwhile.")


class SpeculationOut(BaseModel):
    """Answers that were begun before the turn was decided to be over."""

    used: bool = Field(description="The one that was heard began early.")
    early_ms: int | None = Field(description="How long before the end of the turn it began.")
    thrown_away: int = Field(description="How many were begun and not used.")


class TurnOut(BaseModel):
    """Moments in ms count from the caller's last sound, durations say so."""

    turn_index: int
    user_transcript: str | None = Field(description="Null for the greeting.")
    agent_response: str = Field(description="What was heard of it.")
    interrupted: bool
    stt_ms: int | None = Field(description="The final words were known.")
    endpoint_ms: int | None = Field(description="The end of the turn was decided.")
    retrieval_ms: int | None = Field(description="How long the search in the documents took.")
    first_token_ms: int | None = Field(description="The language model's first word.")
    first_audio_ms: int | None = Field(description="The first audible sound of the answer.")
    total_ms: int | None = Field(description="The agent was silent again.")
    stop_ms: int | None = Field(description="From the caller's onset to silence, if interrupted.")
    llm_model: str
    llm_attempts: int
    language: str
    offset_ms: int = Field(description="When the turn began, from the session's first moment.")
    duration_ms: int
    sources: list[SourceOut]
    stages: dict[str, int] = Field(description="Durations in ms that add up to first_audio_ms.")
    usage: list[UsageOut] = Field(description="Delivered since the turn before.")
    hearing: HearingOut | None = Field(description="Null where the caller said nothing.")
    fallbacks: list[FallbackOut]
    fillers: list[str] = Field(description="Said while the caller waited; in agent_response too.")
    tools: list[ToolUsedOut] = Field(description="In their order.")
    speculation: SpeculationOut | None = Field(description="Null where nothing was begun early.")
    over_budget: dict[str, int] = Field(
        description="The budget in ms of each stage that took longer, and of first_audio where the "
        "whole turn did."
    )
    created_at: Moment


def show_turn(stored: StoredTurn) -> TurnOut:
    turn = stored.turn
    return TurnOut(
        turn_index=stored.turn_index,
        user_transcript=turn.user_transcript,
        agent_response=turn.agent_response,
        interrupted=turn.interrupted,
        stt_ms=turn.stt_ms,
        endpoint_ms=turn.endpoint_ms,
        retrieval_ms=turn.retrieval_ms,
        first_token_ms=turn.first_token_ms,
        first_audio_ms=turn.first_audio_ms,
        total_ms=turn.total_ms,
        stop_ms=turn.stop_ms,
        llm_model=turn.llm_model,
        llm_attempts=turn.llm_attempts,
        language=turn.language,
        offset_ms=turn.offset_ms,
        duration_ms=turn.duration_ms,
        sources=[
            SourceOut(document=source.document, heading=source.heading, score=source.score)
            for source in turn.sources
        ],
        stages=turn.stages,
        usage=[_show_usage(usage) for usage in turn.usage],
        hearing=_show_hearing(turn.trace),
        fallbacks=[FallbackOut(**fallback) for fallback in turn.trace.get("fallbacks", ())],
        fillers=turn.trace.get("fillers", []),
        tools=[ToolUsedOut(**used) for used in turn.trace.get("tools", ())],
        speculation=_show_speculation(turn.trace),
        over_budget=turn.trace.get("over_budget", {}),
        created_at=turn.created_at,
    )


def _show_hearing(trace: Mapping[str, Any]) -> HearingOut | None:
    told = trace.get("stt")
    return HearingOut(model=told["model"], reconnects=told["reconnects"]) if told else None


def _show_speculation(trace: Mapping[str, Any]) -> SpeculationOut | None:
    return SpeculationOut(**trace["speculation"]) if "speculation" in trace else None


def _show_usage(usage: Usage) -> UsageOut:
    return UsageOut(
        service=usage.service.value,
        model=usage.model_id,
        served_by=usage.served_by,
        measure=usage.measure,
        amount=usage.amount,
        is_guess=usage.is_guess,
        is_estimate=usage.is_estimate,
    )
