"""Tools as they are written and shown (the bodies of `/v1/tools`)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, TypeAdapter

from callmissed.api.schema_forms import JsonSchema
from callmissed.api.session_forms import MAX_URL_CHARS, Moment
from callmissed.domain.tools import (
    DEFAULT_TIME_LIMIT_S,
    MAX_TIME_LIMIT_S,
    NAME,
    Tool,
    ToolForm,
    ToolOutcome,
    ToolType,
)
from callmissed.kit.bounded_json import encoded_bytes

MAX_HEADERS = 20
MAX_ARGUMENTS_BYTES = 8_000
OURS = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"),
        *("expect", "accept-encoding", "idempotency-key", "cookie"),
    }
)

form_json: TypeAdapter[ToolForm] = TypeAdapter(ToolForm)


def _refuse_ours(value: str) -> str:
    if value.lower() in OURS or value.lower().startswith(("mcp-", "proxy-")):
        raise ValueError("this header is ours to set")
    return value


def _bound_arguments(value: dict[str, Any]) -> dict[str, Any]:
    if encoded_bytes(value) > MAX_ARGUMENTS_BYTES:
        raise ValueError(f"they may take {MAX_ARGUMENTS_BYTES} bytes as JSON")
    return value


HeaderName = Annotated[
    str,
    Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9-]+$"),
    AfterValidator(_refuse_ours),
]
HeaderValue = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[!-~]([ -~]*[!-~])?$")]
Headers = Annotated[dict[HeaderName, HeaderValue], Field(max_length=MAX_HEADERS)]
Arguments = Annotated[dict[str, Any], AfterValidator(_bound_arguments)]


class ToolIn(BaseModel):
    """An HTTP request that the model may have made, or a server whose tools it may use."""

    model_config = ConfigDict(extra="forbid")

    type: Literal[ToolType.HTTP, ToolType.MCP] = ToolType.HTTP
    name: str = Field(pattern=NAME, description="As the model calls it.")
    description: str = Field(
        min_length=1, max_length=1000, description="What it does and when to use it."
    )
    url: str = Field(
        min_length=1,
        max_length=MAX_URL_CHARS,
        description="`{name}` in its path or query is filled from the arguments.",
    )
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    parameters: JsonSchema = Field(
        default_factory=lambda: {"type": "object", "properties": {}},
        description="JSON schema of the arguments; those not in the URL go as JSON, or as query.",
    )
    headers: Headers = Field(
        default_factory=dict, description="Secret: sealed, sent to this URL only, never shown."
    )
    time_limit_s: float = Field(DEFAULT_TIME_LIMIT_S, ge=0.5, le=MAX_TIME_LIMIT_S)
    result_path: str = Field(
        "", max_length=200, description="What the model is told of the answer, as `items.0.price`."
    )
    changes_things: StrictBool | None = Field(
        None, description="Runs once for the same arguments in a session. Null: unless it is a GET."
    )


class ToolChangeIn(BaseModel):
    """The fields to change; null is as good as left out."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, pattern=NAME)
    description: str | None = Field(None, min_length=1, max_length=1000)
    url: str | None = Field(None, min_length=1, max_length=MAX_URL_CHARS)
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None = None
    parameters: JsonSchema | None = None
    headers: Headers | None = Field(None, description="All of them; those there were are gone.")
    time_limit_s: float | None = Field(None, ge=0.5, le=MAX_TIME_LIMIT_S)
    result_path: str | None = Field(None, max_length=200)
    changes_things: StrictBool | None = None


class RemoteToolOut(BaseModel):
    """A tool that an MCP server has."""

    name: str
    description: str
    parameters: dict[str, Any]
    reads_only: bool


class ToolOut(BaseModel):
    """A tool without the values of its headers."""

    id: UUID
    type: ToolType
    name: str
    description: str
    url: str
    method: str
    parameters: dict[str, Any]
    header_names: list[str]
    time_limit_s: float
    result_path: str
    changes_things: bool
    listed: list[RemoteToolOut] = Field(description="What an MCP server had when asked last.")
    listed_at: Moment | None
    created_at: Moment
    updated_at: Moment


class ToolTestIn(BaseModel):
    """What a model would have written."""

    model_config = ConfigDict(extra="forbid")

    arguments: Arguments = Field(default_factory=dict)
    remote: str | None = Field(
        None, max_length=128, description="The tool of an MCP server; null only lists them."
    )


class ToolTestOut(BaseModel):
    """What the model would have been told."""

    outcome: ToolOutcome
    text: str
    took_ms: float
    listed: list[RemoteToolOut]


def read_tool(form: ToolIn) -> ToolForm:
    fields = form.model_dump(exclude={"headers"})
    if fields["changes_things"] is None:
        fields["changes_things"] = form.type is ToolType.MCP or form.method != "GET"
    return form_json.validate_python(fields)


def merge_tool(tool: Tool, form: ToolChangeIn) -> ToolForm:
    sent = form.model_dump(exclude_unset=True, exclude={"headers"}, exclude_none=True)
    return form_json.validate_python({**form_json.dump_python(tool.form), **sent})


def show_tool(tool: Tool) -> ToolOut:
    return ToolOut(
        id=tool.id,
        header_names=list(tool.header_names),
        listed=show_listed(tool),
        listed_at=tool.listed_at,
        created_at=tool.created_at,
        updated_at=tool.updated_at,
        **form_json.dump_python(tool.form),
    )


def show_listed(tool: Tool) -> list[RemoteToolOut]:
    return [
        RemoteToolOut(
            name=one.name,
            description=one.description,
            parameters=dict(one.parameters),
            reads_only=one.reads_only,
        )
        for one in tool.listed
    ]
