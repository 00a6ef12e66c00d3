"""How one call reaches the world: four Protocols, implemented in `runtime`, handed to `voice`.

A call process reads, and writes nothing to the database: what it tells goes to a journal that others ship.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from callmissed.domain.knowledge import Passage, Retrieval, Semantics
from callmissed.domain.models import Access, Route
from callmissed.domain.sessions import SILENCE_S, EndReason
from callmissed.domain.sound import SoundIn
from callmissed.domain.tools import Action, ToolCall, ToolResult, ToolTerms
from callmissed.domain.turns import Turn
from callmissed.domain.usage import Usage


@dataclass(frozen=True, slots=True)
class TurnTaking:
    """How long the agent waits. All in seconds; `min_interruption_s` is how much speech takes the floor."""

    wait_s: float
    max_wait_s: float
    min_interruption_s: float


TURN_TAKING_PRESETS = {
    "quick": TurnTaking(wait_s=0.25, max_wait_s=1.0, min_interruption_s=0.06),
    "balanced": TurnTaking(wait_s=0.3, max_wait_s=1.5, min_interruption_s=0.1),
    "patient": TurnTaking(wait_s=0.8, max_wait_s=3.0, min_interruption_s=0.3),
}
VERB_LAST = frozenset(
    ("as", "bn", "gu", "hi", "kn", "ml", "mr", "ne", "od", "or", "pa", "sd", "ta", "te", "ur")
)
"""Languages whose sentences end with their verb: who pauses before it has not finished."""
VERB_LAST_WAIT_S = 0.05
"""So much longer is waited in them."""


def turn_taking_in(language: str, preset: str = "balanced") -> TurnTaking:
    """The preset's as it is in this language (BCP-47)."""
    taking = TURN_TAKING_PRESETS[preset]
    if language.split("-")[0].lower() not in VERB_LAST:
        return taking
    return replace(taking, wait_s=taking.wait_s + VERB_LAST_WAIT_S)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A finished turn as the agent remembers it: what the caller said (None: nothing), what they heard."""

    caller: str | None
    agent: str


@dataclass(frozen=True, slots=True)
class CallTerms:
    """Everything a call needs to know before it starts; asked once.

    `max_duration_s` runs from the caller's first audio; `join_window_s` is how long an unjoined room waits.
    `access` is the way to each provider of the route, by the provider's name. `private_words` are what
    the call was given about its caller: sentences that hold one of them are not kept.

    `silence_s` is how long nobody has to say anything for the agent to hang up.

    `history` is what was said in earlier runs of the call. `has_begun`: the caller was heard in one of them, so
    nobody greets again and the time runs from the start.

    `passages` are all that the bot knows where that is little; where it is much there are none, and
    `library_base_ids` are the knowledge bases to look into on each turn, and `semantics` by which
    models also by meaning. `tools` are all that the
    call may use, with their headers open. `budgets_ms` is what each stage of a turn may take.
    `sound_in` is what is done to the caller's sound.
    """

    session_id: UUID
    tenant_id: UUID
    epoch: int
    room: str
    room_url: str
    room_token: str
    system_prompt: str
    greeting: str | None
    route: Route
    turn_taking: TurnTaking
    passages: tuple[Passage, ...]
    max_duration_s: float
    join_window_s: float
    reconnect_window_s: float
    access: Mapping[str, Access] = field(default_factory=dict)
    private_words: tuple[str, ...] = ()
    silence_s: float = SILENCE_S
    history: tuple[Exchange, ...] = ()
    has_begun: bool = False
    library_base_ids: tuple[UUID, ...] = ()
    semantics: tuple[Semantics, ...] = ()
    tools: tuple[ToolTerms, ...] = ()
    budgets_ms: Mapping[str, int] = field(default_factory=dict)
    sound_in: SoundIn = field(default_factory=SoundIn)


class OvertakenError(Exception):
    """Another run of the session has taken this one's place, which says and writes nothing more."""


class CallPlan(Protocol):
    async def terms(self) -> CallTerms:
        """Raises LookupError when the session has ended or the claim was lost."""
        ...


class CallDesk(Protocol):
    """What a call may ask while it runs; bound to its tenant, each with a deadline."""

    async def retrieve(self, words: str, earlier: Sequence[str] = ()) -> Retrieval:
        """Never raises for a missing answer: an empty `found` means that the documents do not know, or
        where there is `missed`, that they could not be asked. `earlier` is what the caller said before,
        oldest first.
        """
        ...

    async def run_tool(self, call: ToolCall) -> ToolResult:
        """Within the tool's time limit. Never raises: what a model asks for and may not have, or asks
        wrongly, is told to it.
        """
        ...

    def restore_room(self) -> None:
        """Asks for the call's room to be made again under its name; returns at once."""
        ...


@dataclass(frozen=True, slots=True)
class CallerArrived:
    """The caller's first audio reached the agent."""


@dataclass(frozen=True, slots=True)
class TurnFinished:
    turn: Turn


@dataclass(frozen=True, slots=True)
class ActionAsked:
    """A tool of ours asks others to do something."""

    action: Action


@dataclass(frozen=True, slots=True)
class CallEnded:
    """`caller_audio_s` is how much sound the caller sent, speech or not. `usage` is what the models
    delivered in the whole call, that of its turns among it.
    """

    reason: EndReason
    caller_audio_s: float
    agent_audio_s: float
    detail: str = ""
    usage: tuple[Usage, ...] = ()


CallNote = CallerArrived | TurnFinished | ActionAsked | CallEnded


class CallSink(Protocol):
    def put(self, note: CallNote) -> None:
        """Never waits and never drops."""
        ...


class OrderKind(StrEnum):
    END = "end"
    DRAIN = "drain"


@dataclass(frozen=True, slots=True)
class CallOrder:
    """`with_goodbye`: the agent takes its leave before it hangs up. `detail` is for operators."""

    kind: OrderKind
    reason: EndReason | None = None
    with_goodbye: bool = False
    detail: str = ""


class CallOrders(Protocol):
    def __aiter__(self) -> AsyncIterator[CallOrder]: ...
