"""A voice session: its states, how it may end, what was asked for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

JOIN_WINDOW_S = 120
RECONNECT_WINDOW_S = 20
SILENCE_S = 120
ROOM_EMPTY_TIMEOUT_S = JOIN_WINDOW_S + 5
TOKEN_TTL_S = 3600
CALLER_IDENTITY = "caller"
AGENT_IDENTITY = "agent"


class Status(StrEnum):
    CREATED = "created"
    ACTIVE = "active"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"


OPEN = (Status.CREATED, Status.ACTIVE)


class EndReason(StrEnum):
    API_DELETE = "api_delete"
    USER_LEFT = "user_left"
    AGENT_ENDED = "agent_ended"
    TRANSFERRED = "transferred"
    SILENCE = "silence"
    INSUFFICIENT_CREDITS = "insufficient_credits"
    MAX_DURATION = "max_duration"
    NEVER_JOINED = "never_joined"
    MEDIA_LOST = "media_lost"
    ERROR = "error"


def final_status(reason: EndReason) -> Status:
    """The one state in which a session that ends for `reason` stays for ever."""
    if reason in (EndReason.ERROR, EndReason.MEDIA_LOST):
        return Status.FAILED
    if reason in (EndReason.MAX_DURATION, EndReason.NEVER_JOINED):
        return Status.TIMEOUT
    return Status.COMPLETED


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What the caller of the API asked for, defaults filled in. Lengths in characters, times in seconds."""

    bot_id: UUID | None
    system_prompt: str | None
    voice: str
    language: str
    llm_model: str
    stt_model: str
    tts_model: str
    tts_provider: str
    tts_language: str | None
    max_duration_seconds: int
    webhook_url: str | None
    metadata: dict[str, Any] | None
    greeting: str | None
    greeting_given: bool
    variables: dict[str, str]
    turn_taking: str | dict[str, int]


@dataclass(frozen=True, slots=True)
class Session:
    """One row of `voice_sessions`. `config` is the echo of the request as the API shows it; `route` what will run."""

    id: UUID
    tenant_id: UUID
    bot_id: UUID | None
    status: Status
    config: dict[str, Any]
    stt_model: str
    llm_model: str
    tts_voice: str
    room: str
    started_at: datetime | None
    ended_at: datetime | None
    turn_count: int
    total_audio_seconds: float
    end_reason: EndReason | None
    metadata: dict[str, Any] | None
    webhook_url: str | None
    max_duration_s: int
    epoch: int
    created_at: datetime

    @property
    def duration_s(self) -> float | None:
        """Seconds from the caller's first audio to the end; None before the end, 0 where nobody spoke."""
        if self.ended_at is None:
            return None
        if self.started_at is None:
            return 0.0
        return max(0.0, (self.ended_at - self.started_at).total_seconds())
