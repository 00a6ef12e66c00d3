"""Tools: what an agent can do beside talking, who may let it, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

MAX_TOOLS = 200
MAX_TOOLS_OF_BOT = 32
NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"
"""What every vendor of language models takes as the name of a function."""

DEFAULT_TIME_LIMIT_S = 4.0
MAX_TIME_LIMIT_S = 10.0
MAX_ARGUMENTS_BYTES = 8_000
MAX_RESULT_CHARS = 4_000
MAX_ROUNDS = 4
"""How often a model is asked again in one turn, with the results of its tools."""

MAX_CALLS_OF_TURN = 8
MAX_CALLS_OF_SESSION = 100
MAX_ANSWER_CHARS = 6_000
"""Of one turn, all that the model says in it."""

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class ToolType(StrEnum):
    """The tools that a bot may be given: the four of ours, an HTTP request, a server's over MCP."""

    END_CALL = "end_call"
    TRANSFER_TO_HUMAN = "transfer_to_human"
    COLLECT_DETAILS = "collect_details"
    SEND_FOLLOWUP = "send_followup"
    HTTP = "http"
    MCP = "mcp"


BUILT_IN = frozenset(
    {
        ToolType.END_CALL,
        ToolType.TRANSFER_TO_HUMAN,
        ToolType.COLLECT_DETAILS,
        ToolType.SEND_FOLLOWUP,
    }
)


class SlotType(StrEnum):
    """How the words of a detail are read and checked."""

    NAME = "name"
    PHONE = "phone"
    DATE = "date"
    EMAIL = "email"
    ORDER_ID = "order_id"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Slot:
    """A detail that `collect_details` asks for; an order id matches `pattern` where it has one."""

    name: str
    type: SlotType
    required: bool = True
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that a bot may use. `tool_id` names the tenant's HTTP tool or MCP server, `allow` the
    tools of that server; `slots` are those of `collect_details`.
    """

    type: ToolType
    tool_id: UUID | None = None
    allow: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteTool:
    """A tool of an MCP server, as the server lists it. `parameters` is a JSON schema of an object;
    `reads_only`: the server says that it changes nothing.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    reads_only: bool = False


@dataclass(frozen=True, slots=True)
class ToolForm:
    """An HTTP tool or an MCP server as its operator writes it, without the values of its headers.

    The `{name}`s in `url` are filled from the arguments; the others go as JSON, or into the query
    where the method has no body. `result_path` (`data.items.0.price`) picks what the model is told.
    `changes_things`: what it does cannot be taken back by asking again.
    """

    type: ToolType
    name: str
    description: str
    url: str
    method: str = "POST"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    time_limit_s: float = DEFAULT_TIME_LIMIT_S
    result_path: str = ""
    changes_things: bool = True


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool of a tenant. `header_names` are those of its secret headers; their values are sealed.
    `listed` are the tools of an MCP server when it was asked last.
    """

    id: UUID
    form: ToolForm
    header_names: tuple[str, ...]
    sealed_headers: bytes = field(repr=False)
    listed: tuple[RemoteTool, ...]
    listed_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ToolTerms:
    """One tool as a call may use it. `headers` are open here: in memory only. `remote_name` is what
    an MCP server calls it.
    """

    type: ToolType
    name: str
    description: str
    parameters: Mapping[str, Any]
    url: str = ""
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    time_limit_s: float = DEFAULT_TIME_LIMIT_S
    result_path: str = ""
    changes_things: bool = True
    remote_name: str = ""
    slots: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a model asks for: `arguments` is the JSON text that it wrote, whatever that is."""

    name: str
    arguments: str


class ToolOutcome(StrEnum):
    """`done` is the only one after which something may have happened outside, but for `late` and
    `failed`, of which nobody knows.
    """

    DONE = "done"
    NOT_ALLOWED = "not_allowed"
    BAD_ARGUMENTS = "bad_arguments"
    TOO_MANY = "too_many"
    LATE = "late"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """`text` is what the model is told. `ends_call`: the agent hangs up behind its next words."""

    outcome: ToolOutcome
    text: str
    took_ms: float = 0.0
    ends_call: bool = False


class ActionKind(StrEnum):
    """What a tool of ours has others do, as its event is called."""

    HAND_OFF = "handoff.requested"
    FOLLOW_UP = "followup.requested"
    DETAILS = "details.collected"


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a call has asked of others. `data` is what they need to know."""

    kind: ActionKind
    data: Mapping[str, Any]


def places_of(url: str) -> frozenset[str]:
    """The `{name}`s in a URL template."""
    return frozenset(_PLACE.findall(url))
