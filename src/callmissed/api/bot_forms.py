"""Bots as they are written and shown (the bodies of `/v1/bots`)."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, TypeAdapter, model_validator

from callmissed.api.schema_forms import JsonSchema
from callmissed.api.session_forms import (
    MAX_GREETING_CHARS,
    MAX_VARIABLES,
    Language,
    ModelId,
    Moment,
    TurnTaking,
    VariableName,
    VariableValue,
    Whole,
)
from callmissed.domain.bots import (
    MAX_PROMPT_CHARS,
    Bot,
    BotDraft,
    BotTerms,
    BotType,
    BotVersion,
    IvrGoal,
)
from callmissed.domain.budgets import MAX_BUDGET_MS
from callmissed.domain.tools import MAX_TOOLS_OF_BOT, NAME, SlotType, ToolType

MAX_NAME_CHARS = 200
MAX_BASES_OF_BOT = 20

terms_json: TypeAdapter[BotTerms] = TypeAdapter(BotTerms)

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS, pattern=r"\S")]
Words = Annotated[str, Field(min_length=1, max_length=200)]
FewWords = Annotated[list[Words], Field(max_length=50)]
Stage = Literal[
    "end_of_turn",
    "retrieval",
    "llm_first_token",
    "first_clause",
    "tts_first_audio",
    "transport_out",
]
BudgetMs = Annotated[Whole, Field(ge=1, le=MAX_BUDGET_MS)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SlotIn(_Strict):
    """A detail that `collect_details` asks for and checks."""

    name: str = Field(pattern=NAME)
    type: SlotType = SlotType.TEXT
    required: StrictBool = True
    pattern: str | None = Field(
        None,
        max_length=100,
        pattern=r"^[A-Z0-9#-]+$",
        description="Of an order id: `A` a letter, `9` a digit.",
    )


class ToolUseIn(_Strict):
    """A tool of the bot: one of ours by its type, or the tenant's by its id."""

    type: ToolType
    tool_id: UUID | None = Field(None, description="Of an `http` tool or an `mcp` server.")
    allow: list[Words] = Field(
        default_factory=list, max_length=64, description="The tools of an `mcp` server."
    )
    slots: list[SlotIn] = Field(
        default_factory=list, max_length=20, description="Those of `collect_details`."
    )

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        is_tenants = self.type in (ToolType.HTTP, ToolType.MCP)
        if is_tenants != (self.tool_id is not None):
            raise ValueError("tool_id goes with http and mcp, and only with these")
        if self.allow and self.type is not ToolType.MCP:
            raise ValueError("allow goes with mcp only")
        if self.slots and self.type is not ToolType.COLLECT_DETAILS:
            raise ValueError("slots go with collect_details only")
        return self


class HandOffIn(_Strict):
    """When a person is asked for."""

    on_request: StrictBool = True
    keywords: FewWords = Field(default_factory=list)
    topics: FewWords = Field(default_factory=list)
    after_misunderstandings: Whole | None = Field(None, ge=1, le=10)
    on_negative_sentiment: StrictBool = False
    above_amount_micros: Whole | None = Field(
        None, ge=0, le=2**53, description="In millionths of a rupee."
    )
    phone_numbers: list[Words] = Field(
        default_factory=list, max_length=10, description="E.164; a call goes to no other."
    )


class PostCallIn(_Strict):
    """What is made of a call when it is over."""

    summary: StrictBool = True
    sentiment: StrictBool = False
    outcomes: FewWords = Field(default_factory=list)
    extraction_schema: JsonSchema | None = None
    rubric: FewWords = Field(default_factory=list)


class IvrOptionIn(_Strict):
    """Leads to a goal or into a further menu."""

    digit: Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"]
    words: list[Words] = Field(default_factory=list, max_length=10)
    goal: IvrGoal | None = None
    menu: "IvrMenuIn | None" = None


class SoundInForm(_Strict):
    """What is done to the caller's sound before anybody listens to it."""

    guard: bool = Field(
        True,
        description="While the agent speaks, only the caller's own voice is heard: not its echo, "
        "not the room.",
    )
    level: bool = Field(True, description="Every caller is brought to one loudness.")
    filter_noise: bool = Field(
        False, description="Steady noise is taken out of the caller's sound."
    )


class IvrMenuIn(_Strict):
    """What stands in front of the agent: "for billing press or say one"."""

    prompt: str = Field(min_length=1, max_length=MAX_GREETING_CHARS)
    options: list[IvrOptionIn] = Field(min_length=1, max_length=12)
    timeout_s: float = Field(5.0, ge=1, le=30)
    attempts: Whole = Field(3, ge=1, le=5)
    otherwise: IvrGoal = IvrGoal.AGENT


class _Terms(_Strict):
    """What a version of a bot says and does, with everything but the prompt at its default."""

    greeting: str | None = Field(
        None, max_length=MAX_GREETING_CHARS, description="Null: the usual one in the language."
    )
    consent_notice: str | None = Field(
        None, max_length=MAX_GREETING_CHARS, description="Said behind the greeting."
    )
    language: Language | None = None
    voice: ModelId | None = None
    llm_model: ModelId | None = None
    stt_model: ModelId | None = None
    tts_model: ModelId | None = None
    tts_language: Language | None = None
    knowledge_base_ids: list[UUID] = Field(default_factory=list, max_length=MAX_BASES_OF_BOT)
    variables: dict[VariableName, VariableValue] = Field(
        default_factory=dict,
        max_length=MAX_VARIABLES,
        description="For `{{name}}` in prompt and greeting, where a session has no other value.",
    )
    turn_taking: TurnTaking = "balanced"
    tools: list[ToolUseIn] = Field(default_factory=list, max_length=MAX_TOOLS_OF_BOT)
    hand_off: HandOffIn = Field(default_factory=HandOffIn)
    post_call: PostCallIn = Field(default_factory=PostCallIn)
    ivr_menu: IvrMenuIn | None = None
    latency_budgets_ms: dict[Stage, BudgetMs] = Field(
        default_factory=dict,
        description="What stages of a turn may take, where that is not the usual.",
    )
    sound_in: SoundInForm = Field(default_factory=SoundInForm)


class BotTermsIn(_Terms):
    system_prompt: str = Field(max_length=MAX_PROMPT_CHARS)


class BotIn(BotTermsIn):
    """A bot as it is made; only `name` and `system_prompt` are needed."""

    name: Name
    type: BotType = BotType.WEB


class BotDraftIn(_Terms):
    """The fields to change; the others stay as they are in the draft, or else as published."""

    system_prompt: str | None = Field(None, max_length=MAX_PROMPT_CHARS)


class BotRenameIn(_Strict):
    name: Name


class BotTermsOut(BotTermsIn):
    """What a version of a bot says and does; a model or language of null is the platform's."""


class BotOut(BotTermsOut):
    """In its published version."""

    id: UUID
    name: str
    type: BotType
    version: int
    has_draft: bool = Field(description="Something is being written that does not answer yet.")
    created_at: Moment
    updated_at: Moment


class BotDraftOut(BotTermsOut):
    """What is being written while the published version answers."""

    updated_at: Moment


class BotVersionOut(BotTermsOut):
    """A version that was published."""

    version: int
    restored_from: int | None = Field(description="The version that this one brought back.")
    published_at: Moment


def read_terms(form: BotTermsIn) -> BotTerms:
    return terms_of(form.model_dump())


def merge_terms(terms: BotTerms, form: BotDraftIn) -> BotTerms:
    """With the fields that were sent; `system_prompt` of null is as good as left out."""
    sent = form.model_dump(exclude_unset=True)
    if sent.get("system_prompt", "") is None:
        del sent["system_prompt"]
    return terms_of({**fields_of(terms), **sent})


def terms_of(fields: dict[str, Any]) -> BotTerms:
    """From the fields as the API names them; others are left out."""
    models = {name: fields.get(name) for name in _MODEL_FIELDS}
    return terms_json.validate_python({**fields, "models": models})


def fields_of(terms: BotTerms) -> dict[str, Any]:
    """The fields as the API names them."""
    whole: dict[str, Any] = terms_json.dump_python(terms)
    return {**{k: v for k, v in whole.items() if k != "models"}, **whole["models"]}


def show_bot(bot: Bot) -> BotOut:
    return BotOut(
        id=bot.id,
        name=bot.name,
        type=bot.type,
        version=bot.version,
        has_draft=bot.has_draft,
        created_at=bot.created_at,
        updated_at=bot.updated_at,
        **fields_of(bot.terms),
    )


def show_draft(draft: BotDraft) -> BotDraftOut:
    return BotDraftOut(updated_at=draft.updated_at, **fields_of(draft.terms))


def show_version(found: BotVersion) -> BotVersionOut:
    return BotVersionOut(
        version=found.version,
        restored_from=found.restored_from,
        published_at=found.published_at,
        **fields_of(found.terms),
    )


_MODEL_FIELDS = ("voice", "language", "llm_model", "stt_model", "tts_model", "tts_language")
