"""The line of a call: what a transport offers beside the sound itself, in words and seconds.

Instants are seconds of one monotonic clock, shared with whoever reads them.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Party(StrEnum):
    CALLER = "caller"
    AGENT = "agent"


class AgentState(StrEnum):
    """What the agent is doing, as clients read it in the attribute `lk.agent.state`."""

    INITIALIZING = "initializing"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"


class Playhead(Protocol):
    """Where the sound of the agent's present speech stands; the last one's, once it is over."""

    @property
    def played_s(self) -> float:
        """Seconds of the speech that left for the caller."""
        ...

    @property
    def audible_at_s(self) -> float | None:
        """When its first sample that can be heard left; None while there was none."""
        ...

    @property
    def silent_at_s(self) -> float | None:
        """When its last sample left; None while it goes on."""
        ...


class Captions(Protocol):
    """Shows the words of both sides to the caller. Never waits; a newer text replaces one not yet
    sent."""

    def show_words(self, party: Party, segment_id: str, text: str, *, is_final: bool) -> None:
        """`text` is the whole segment so far."""
        ...

    def show_state(self, state: AgentState) -> None: ...


@dataclass(frozen=True, slots=True)
class CallerHere:
    """The caller is there and hears the agent's track."""


@dataclass(frozen=True, slots=True)
class CallerLost:
    """The caller's connection broke; they may come back."""


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The caller hung up."""


@dataclass(frozen=True, slots=True)
class LineBroken:
    """The line carries nothing just now; it may be mended."""


@dataclass(frozen=True, slots=True)
class LineMended:
    """The line carries sound again; the caller may still be on their way back."""


class LineEnd(StrEnum):
    """Why a line is gone: somebody closed it, the way to it is lost, or another run of the call has taken our place."""

    CLOSED = "closed"
    LOST = "lost"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class LineClosed:
    """The line itself is gone and will not come back."""

    detail: str
    end: LineEnd = LineEnd.CLOSED


LineNews = CallerHere | CallerLost | CallerLeft | LineBroken | LineMended | LineClosed


class LineWatch(Protocol):
    def news(self) -> AsyncIterator[LineNews]:
        """What happens on the line, in order; ends with `LineClosed`."""
        ...
