"""API keys as they are asked for and shown (the bodies of `/v1/api-keys`)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from callmissed.api.session_forms import ModelId, Moment, Whole
from callmissed.domain.api_keys import MAX_OVERLAP_S, PERMISSIONS, ApiKey, KeyKind, KeyTerms
from callmissed.kit.clock import read_rfc3339
from callmissed.kit.host_rules import MAX_RULE_CHARS, read_rule

MAX_NAME_CHARS = 200
MAX_DOMAINS = 50
MAX_MODELS = 200
MAX_RPM = 100_000


def _read_moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ValueError("it must be a date and time as 2026-04-19T12:00:00Z")
    return read_rfc3339(value)


def _read_name(value: str) -> str:
    name = value.strip()
    if not name or not name.isprintable():
        raise ValueError("it must be 1 to 200 characters on one line")
    return name


def _without_default(schema: dict[str, Any]) -> None:
    """What is left out stays, whatever stands in its place here."""
    schema.pop("default", None)


Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS), AfterValidator(_read_name)]
Later = Annotated[datetime, BeforeValidator(_read_moment)]
Domain = Annotated[str, Field(min_length=1, max_length=MAX_RULE_CHARS), AfterValidator(read_rule)]
Domains = Annotated[list[Domain], Field(max_length=MAX_DOMAINS)]
Models = Annotated[list[ModelId], Field(min_length=1, max_length=MAX_MODELS)]
Permission = Annotated[str, Field(max_length=100, json_schema_extra={"enum": list(PERMISSIONS)})]
Permissions = Annotated[list[Permission], Field(max_length=len(PERMISSIONS))]
PerMinute = Annotated[Whole, Field(ge=1, le=MAX_RPM)]

_PERMISSIONS_HELP = "What it may do; `*` is all, `voice` is stt, tts and llm."
_EXPIRES_HELP = "When it ends; null: when it is revoked."
_MODELS_HELP = "Ids of the models it may use; null: any."
_DOMAINS_HELP = (
    "Pages it may be used from: `example.com`, `*.example.com`, either with `:port`. None: any."
)
_RATE_HELP = "Requests a minute over all routes; null: as many as come."


class ApiKeyIn(BaseModel):
    """A secret key has `permissions`; a publishable one has `bot_id` and `allowed_domains`."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(description="What you recognise it by.")
    kind: KeyKind = Field(
        KeyKind.SECRET, description="`publishable`: may stand in a page, and only starts sessions."
    )
    permissions: Permissions | None = Field(None, description=_PERMISSIONS_HELP)
    bot_id: UUID | None = Field(None, description="The bot that a publishable key starts.")
    expires_at: Later | None = Field(None, description=_EXPIRES_HELP)
    allowed_models: Models | None = Field(None, description=_MODELS_HELP)
    allowed_domains: Domains = Field([], description=_DOMAINS_HELP)
    rate_limit_rpm: PerMinute | None = Field(None, description=_RATE_HELP)


class ApiKeyPatch(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(
        "", description="What you recognise it by.", json_schema_extra=_without_default
    )
    permissions: Permissions = Field(
        [], description=_PERMISSIONS_HELP, json_schema_extra=_without_default
    )
    expires_at: Later | None = Field(None, description=_EXPIRES_HELP)
    allowed_models: Models | None = Field(None, description=_MODELS_HELP)
    allowed_domains: Domains = Field(
        [], description=_DOMAINS_HELP, json_schema_extra=_without_default
    )
    rate_limit_rpm: PerMinute | None = Field(None, description=_RATE_HELP)


class RollIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    overlap_seconds: Whole = Field(
        ge=0, le=MAX_OVERLAP_S, description="How long the old key still works; 0: not at all."
    )


class ApiKeyOut(BaseModel):
    """A key, masked. A `revoked_at` to come is the end of an overlap after a roll."""

    id: UUID
    name: str
    kind: KeyKind
    masked: str
    permissions: list[str]
    bot_id: UUID | None
    expires_at: Moment | None
    allowed_models: list[str] | None
    allowed_domains: list[str]
    rate_limit_rpm: int | None
    parent_id: UUID | None = Field(description="The key that made it, with which it ends.")
    replaced_by: UUID | None = Field(description="The key that it was rolled into.")
    revoked_at: Moment | None
    last_used_at: Moment | None = Field(description="To within a minute.")
    created_at: Moment


class ApiKeyCreated(ApiKeyOut):
    key: str = Field(description="The key itself, shown here and nowhere else.")


def terms_of(asked: ApiKeyIn) -> KeyTerms:
    models = asked.allowed_models
    return KeyTerms(
        kind=asked.kind,
        permissions=frozenset(asked.permissions or ()),
        expires_at=asked.expires_at,
        allowed_models=None if models is None else frozenset(models),
        allowed_domains=tuple(dict.fromkeys(asked.allowed_domains)),
        rate_limit_rpm=asked.rate_limit_rpm,
        bot_id=asked.bot_id,
    )


def changes_of(asked: ApiKeyPatch) -> dict[str, Any]:
    """The fields that were sent, as `KeyTerms` has them."""
    sent = {name: getattr(asked, name) for name in asked.model_fields_set}
    for field in ("permissions", "allowed_models"):
        if sent.get(field) is not None:
            sent[field] = frozenset(sent[field])
    if "allowed_domains" in sent:
        sent["allowed_domains"] = tuple(dict.fromkeys(sent["allowed_domains"]))
    return sent


def show_key(key: ApiKey) -> ApiKeyOut:
    return ApiKeyOut(**_fields_of(key))


def show_created_key(key: ApiKey, secret: str) -> ApiKeyCreated:
    return ApiKeyCreated(**_fields_of(key), key=secret)


def _fields_of(key: ApiKey) -> dict[str, Any]:
    terms = key.terms
    return {
        "id": key.id,
        "name": key.name,
        "kind": terms.kind,
        "masked": key.masked,
        "permissions": sorted(terms.permissions),
        "bot_id": terms.bot_id,
        "expires_at": terms.expires_at,
        "allowed_models": None if terms.allowed_models is None else sorted(terms.allowed_models),
        "allowed_domains": list(terms.allowed_domains),
        "rate_limit_rpm": terms.rate_limit_rpm,
        "parent_id": key.parent_id,
        "replaced_by": key.replaced_by,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "created_at": key.created_at,
    }
