"""Voice sessions as they are asked for and shown (the bodies of `/v1/voice/sessions`)."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    model_validator,
)

from callmissed.domain.sessions import EndReason, Session, Status
from callmissed.kit.bounded_json import depth_of, encoded_bytes
from callmissed.kit.clock import rfc3339

MAX_PROMPT_CHARS = 4096
MAX_GREETING_CHARS = 1000
MAX_METADATA_BYTES = 16_000
MAX_METADATA_DEPTH = 20
MAX_VARIABLES = 50
MAX_VARIABLE_CHARS = 1000
MAX_URL_CHARS = 2048
DEFAULT_DURATION_S = 300

_TAG = re.compile(r"([A-Za-z]{2,3})(?:-([A-Za-z]{4}))?(?:-([A-Za-z]{2}|[0-9]{3}))?")


def _refuse_other_than_number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("it must be a whole number")
    return value


def _read_language(value: str) -> str:
    match = _TAG.fullmatch(value)
    if match is None:
        raise ValueError("it must be a BCP-47 tag such as en-IN")
    language, script, region = match.groups()
    language = "or" if language.lower() == "od" else language.lower()
    parts = (language, script and script.title(), region and region.upper())
    return "-".join(part for part in parts if part)


def _bound_metadata(value: dict[str, Any]) -> dict[str, Any]:
    if depth_of(value) > MAX_METADATA_DEPTH:
        raise ValueError(f"it may be nested {MAX_METADATA_DEPTH} deep")
    if encoded_bytes(value) > MAX_METADATA_BYTES:
        raise ValueError(f"it may take {MAX_METADATA_BYTES} bytes as JSON")
    return value


Whole = Annotated[int, BeforeValidator(_refuse_other_than_number)]
Language = Annotated[str, Field(min_length=2, max_length=35), AfterValidator(_read_language)]
ModelId = Annotated[str, Field(min_length=1, max_length=200)]
VariableName = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]
VariableValue = Annotated[str, Field(max_length=MAX_VARIABLE_CHARS)]
Metadata = Annotated[dict[str, Any], AfterValidator(_bound_metadata)]
Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]


class TurnTakingIn(BaseModel):
    """How long the agent waits, in ms; what is left out is as in `balanced`."""

    model_config = ConfigDict(extra="forbid")

    wait_ms: Whole = Field(300, ge=100, le=3000, description="Silence that ends a turn.")
    max_wait_ms: Whole = Field(
        1500, ge=100, le=10_000, description="The longest wait where more words are expected."
    )
    min_interruption_ms: Whole = Field(
        100, ge=50, le=2000, description="Speech of the caller that takes the floor."
    )

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.max_wait_ms < self.wait_ms:
            raise ValueError("max_wait_ms must not be below wait_ms")
        return self


def _branch_of(value: Any) -> str:
    return "numbers" if isinstance(value, dict | TurnTakingIn) else "preset"


Preset = Literal["quick", "balanced", "patient"]
TurnTaking = Annotated[
    Annotated[Preset, Tag("preset")] | Annotated[TurnTakingIn, Tag("numbers")],
    Discriminator(_branch_of),
]


class VoiceSessionIn(BaseModel):
    """All fields are optional; a field that is null is as good as left out, but for `greeting`."""

    model_config = ConfigDict(extra="forbid")

    bot_id: UUID | None = Field(None, description="The bot whose prompt and documents to use.")
    system_prompt: str | None = Field(
        None, max_length=MAX_PROMPT_CHARS, description="Wins over the bot's prompt."
    )
    voice: ModelId | None = Field(None, description="Voice of the speech model; default `shubh`.")
    tts_voice: ModelId | None = Field(None, description="The same field as `voice`.")
    language: Language | None = Field(
        None, description="BCP-47 language of both sides; default `en-IN`. `od-IN` is `or-IN`."
    )
    llm_model: ModelId | None = Field(None, description="Default `kimi-k2.5`; see `/v1/models`.")
    stt_model: ModelId | None = Field(None, description="Default `saaras:v3`.")
    tts_model: ModelId | None = Field(None, description="Default `bulbul:v3`.")
    tts_provider: ModelId | None = Field(None, description="Of the TTS model; default `sarvam`.")
    tts_language: Language | None = Field(
        None, description="What the agent speaks where it is not `language`."
    )
    max_duration_seconds: Whole | None = Field(
        None, ge=30, le=3600, description=f"Default {DEFAULT_DURATION_S}."
    )
    webhook_url: str | None = Field(
        None, max_length=MAX_URL_CHARS, description="A public http(s) URL that gets the events."
    )
    metadata: Metadata | None = Field(
        None, description="Kept with the session: 16 kB of JSON, 20 deep."
    )
    greeting: str | None = Field(
        None,
        max_length=MAX_GREETING_CHARS,
        description="The first words of the agent; null for none, left out for the bot's.",
    )
    variables: dict[VariableName, VariableValue] | None = Field(
        None, max_length=MAX_VARIABLES, description="Values for `{{name}}` in prompt and greeting."
    )
    turn_taking: TurnTaking | None = Field(None, description="Default `balanced`.")

    @model_validator(mode="after")
    def _check_voice(self) -> Self:
        if None not in (self.voice, self.tts_voice) and self.voice != self.tts_voice:
            raise ValueError("voice and tts_voice are the same field and differ")
        return self


class VoiceSessionOut(BaseModel):
    """`config` is the request with its defaults; the models and the voice are what will run."""

    id: UUID
    session_id: UUID
    tenant_id: UUID
    bot_id: UUID | None
    status: Status
    config: dict[str, Any]
    stt_model: str
    llm_model: str
    tts_voice: str
    started_at: Moment | None
    ended_at: Moment | None
    duration_seconds: float | None
    turn_count: int
    total_audio_seconds: float
    end_reason: EndReason | None
    metadata: dict[str, Any] | None
    created_at: Moment


class VoiceSessionCreated(VoiceSessionOut):
    """With the way into the room, which is shown here and nowhere else."""

    ws_url: str = Field(description="The LiveKit server; the same as `livekit_url`.")
    token: str = Field(description="A LiveKit token for one hour; the same as `livekit_token`.")
    livekit_url: str
    livekit_token: str


def show_session(session: Session) -> VoiceSessionOut:
    return VoiceSessionOut(**_fields_of(session))


def show_created(session: Session, *, url: str, token: str) -> VoiceSessionCreated:
    """As it was at its creation, whatever has become of it since: a replay is the same answer."""
    born = _fields_of(session) | {
        "status": Status.CREATED,
        "started_at": None,
        "ended_at": None,
        "duration_seconds": None,
        "turn_count": 0,
        "total_audio_seconds": 0,
        "end_reason": None,
    }
    return VoiceSessionCreated(
        **born, ws_url=url, token=token, livekit_url=url, livekit_token=token
    )


def _fields_of(session: Session) -> dict[str, Any]:
    duration_s = session.duration_s
    return {
        "id": session.id,
        "session_id": session.id,
        "tenant_id": session.tenant_id,
        "bot_id": session.bot_id,
        "status": session.status,
        "config": session.config,
        "stt_model": session.stt_model,
        "llm_model": session.llm_model,
        "tts_voice": session.tts_voice,
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "duration_seconds": None if duration_s is None else round(duration_s, 3),
        "turn_count": session.turn_count,
        "total_audio_seconds": round(session.total_audio_seconds, 3),
        "end_reason": session.end_reason,
        "metadata": session.metadata,
        "created_at": session.created_at,
    }
