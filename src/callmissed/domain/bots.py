"""A bot: what an agent says, with which models, from which documents."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class BotType(StrEnum):
    WEB = "web"
    INBOUND_CALL = "inbound_call"
    OUTBOUND_CALL = "outbound_call"
    IVR = "ivr"
    WHATSAPP = "whatsapp"


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The bot's own defaults for the fields of a session request; None leaves the platform's."""

    voice: str | None = None
    language: str | None = None
    llm_model: str | None = None
    stt_model: str | None = None
    tts_model: str | None = None
    tts_language: str | None = None


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot in its published `version`. A `greeting` of None means the language's own."""

    id: UUID
    tenant_id: UUID
    name: str
    type: BotType
    version: int
    system_prompt: str
    greeting: str | None
    created_at: datetime
    models: ModelChoice = field(default_factory=ModelChoice)
    knowledge_base_ids: tuple[UUID, ...] = ()
