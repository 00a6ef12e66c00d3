"""A bot: what an agent says, with which models, from which documents, by which tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from callmissed.domain.sound import SoundIn
from callmissed.domain.tools import ToolUse

MAX_BOTS = 1000
MAX_PROMPT_CHARS = 50_000
MAX_VERSIONS = 1000


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
class HandOffRules:
    """When a person is asked for. `keywords` are words of the caller's, `topics` what the agent is
    told to pass on; `after_misunderstandings` in a row, None for never; `phone_numbers` (E.164) are
    the only ones that a call may go to.
    """

    on_request: bool = True
    keywords: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    after_misunderstandings: int | None = None
    on_negative_sentiment: bool = False
    above_amount_micros: int | None = None
    phone_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PostCallRules:
    """What is made of a call when it is over. `extraction_schema` is a JSON schema; `rubric` are the
    operator's own questions about its quality.
    """

    summary: bool = True
    sentiment: bool = False
    outcomes: tuple[str, ...] = ()
    extraction_schema: Mapping[str, Any] | None = None
    rubric: tuple[str, ...] = ()


class IvrGoal(StrEnum):
    """Where an option leads: to the agent, to a person, to a recorded message, one menu back."""

    AGENT = "agent"
    OPERATOR = "operator"
    VOICEMAIL = "voicemail"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class IvrOption:
    """Chosen by its `digit` or one of its `words`; it leads to `goal`, or into `menu`."""

    digit: str
    words: tuple[str, ...] = ()
    goal: IvrGoal | None = None
    menu: IvrMenu | None = None


@dataclass(frozen=True, slots=True)
class IvrMenu:
    """What stands in front of the agent. Nobody who chose nothing in `attempts` waits for more."""

    prompt: str
    options: tuple[IvrOption, ...]
    timeout_s: float = 5.0
    attempts: int = 3
    otherwise: IvrGoal = IvrGoal.AGENT


@dataclass(frozen=True, slots=True)
class BotTerms:
    """What one version of a bot says and does. A `greeting` of None means the language's own.

    `consent_notice` is said behind the greeting. `variables` stand in prompt and greeting where a
    session gives none of its own. `turn_taking` is a preset or numbers in ms. `latency_budgets_ms`
    are those that differ from the usual ones (`domain.budgets`).
    """

    system_prompt: str
    greeting: str | None = None
    consent_notice: str | None = None
    models: ModelChoice = field(default_factory=ModelChoice)
    knowledge_base_ids: tuple[UUID, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    turn_taking: str | dict[str, int] = "balanced"
    tools: tuple[ToolUse, ...] = ()
    hand_off: HandOffRules = field(default_factory=HandOffRules)
    post_call: PostCallRules = field(default_factory=PostCallRules)
    ivr_menu: IvrMenu | None = None
    latency_budgets_ms: Mapping[str, int] = field(default_factory=dict)
    sound_in: SoundIn = field(default_factory=SoundIn)


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot in one published `version`, in which it says and does its `terms`."""

    id: UUID
    tenant_id: UUID
    name: str
    type: BotType
    version: int
    terms: BotTerms
    created_at: datetime
    updated_at: datetime
    has_draft: bool = False


@dataclass(frozen=True, slots=True)
class BotVersion:
    """One published version; `restored_from` is the one that it brought back."""

    version: int
    terms: BotTerms
    published_at: datetime
    restored_from: int | None = None


@dataclass(frozen=True, slots=True)
class BotDraft:
    """What is being written while a published version answers."""

    terms: BotTerms
    updated_at: datetime
