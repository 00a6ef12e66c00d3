"""What a worker's parent and its call processes say to each other, and how notes stand in a
journal: JSON.

One message is one line of UTF-8. A field that the reader does not know is left out, one that the
writer did not know takes its default, so that journals of the last version can be read by the next.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import ConfigDict, Field, TypeAdapter

from callmissed.domain.calls import (
    ActionAsked,
    CallEnded,
    CallerArrived,
    CallNote,
    CallTerms,
    TurnFinished,
)
from callmissed.domain.sessions import EndReason

MAX_LINE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Numbered:
    """A note with its place in its call, and when it was noted."""

    seq: int
    at: datetime
    note: CallNote


@dataclass(frozen=True, slots=True)
class Start:
    """Run this call; its notes go to the file `journal`."""

    journal: Path
    terms: CallTerms
    do: Literal["start"] = "start"


@dataclass(frozen=True, slots=True)
class End:
    """End this call for `reason`; nothing happens where it has ended. `with_goodbye`: the agent
    takes its leave first. `detail` is for operators.
    """

    session_id: UUID
    reason: EndReason
    with_goodbye: bool = False
    detail: str = ""
    do: Literal["end"] = "end"


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A later epoch of this call runs elsewhere: hang up at once and note nothing more."""

    session_id: UUID
    do: Literal["overtaken"] = "overtaken"


@dataclass(frozen=True, slots=True)
class Drain:
    """Take no more calls and leave when the last one has ended."""

    do: Literal["drain"] = "drain"


@dataclass(frozen=True, slots=True)
class Ready:
    """Warm; calls may come."""

    say: Literal["ready"] = "ready"


@dataclass(frozen=True, slots=True)
class Beat:
    """Said every second from inside the event loop. `lag_ms` is the longest that the loop was late
    since the last; `breakers` counts the circuit breakers of each provider by their state.
    """

    calls: int
    lag_ms: float
    breakers: dict[str, dict[str, int]] = field(default_factory=dict)
    say: Literal["beat"] = "beat"


@dataclass(frozen=True, slots=True)
class Noted:
    """There is something new in this call's journal."""

    session_id: UUID
    say: Literal["noted"] = "noted"


@dataclass(frozen=True, slots=True)
class Told:
    """A journal's record that the disk did not take."""

    session_id: UUID
    epoch: int
    record: dict[str, Any]
    say: Literal["told"] = "told"


@dataclass(frozen=True, slots=True)
class RoomLost:
    """The media server has forgotten this call's room, or is away: make it again."""

    session_id: UUID
    room: str
    say: Literal["room_lost"] = "room_lost"


@dataclass(frozen=True, slots=True)
class Done:
    """The call is over and its journal closed. `overtaken`: only this run of it is, and it noted no
    end.
    """

    session_id: UUID
    overtaken: bool = False
    say: Literal["done"] = "done"


ToChild = Start | End | Overtaken | Drain
ToParent = Ready | Beat | Noted | Told | RoomLost | Done

# A message holds keys and words: an error must not repeat it.
_QUIET = ConfigDict(hide_input_in_errors=True)
_to_child: TypeAdapter[ToChild] = TypeAdapter(
    Annotated[ToChild, Field(discriminator="do")], config=_QUIET
)
_to_parent: TypeAdapter[ToParent] = TypeAdapter(Annotated[ToParent, Field(discriminator="say")])


@dataclass(frozen=True, slots=True)
class _Arrived:
    kind: Literal["arrived"] = "arrived"


@dataclass(frozen=True, slots=True)
class _Turn:
    value: TurnFinished
    kind: Literal["turn"] = "turn"


@dataclass(frozen=True, slots=True)
class _Asked:
    value: ActionAsked
    kind: Literal["asked"] = "asked"


@dataclass(frozen=True, slots=True)
class _Ended:
    value: CallEnded
    kind: Literal["ended"] = "ended"


_Note = _Arrived | _Turn | _Asked | _Ended


@dataclass(frozen=True, slots=True)
class _Record:
    seq: int
    at: datetime
    note: Annotated[_Note, Field(discriminator="kind")]


_record: TypeAdapter[_Record] = TypeAdapter(_Record)


def encode_to_child(message: ToChild) -> bytes:
    return _to_child.dump_json(message) + b"\n"


def decode_to_child(line: bytes) -> ToChild:
    """Raises ValueError for what is not a message to a call process."""
    return _to_child.validate_json(line)


def encode_to_parent(message: ToParent) -> bytes:
    return _to_parent.dump_json(message) + b"\n"


def decode_to_parent(line: bytes) -> ToParent:
    """Raises ValueError for what is not a message to the parent."""
    return _to_parent.validate_json(line)


def encode_record(numbered: Numbered) -> dict[str, Any]:
    """`{"seq": 0, "at": "…Z", "note": {"kind": "arrived" | "turn" | "asked" | "ended", "value": {…}}}`."""
    return cast(
        dict[str, Any],
        _record.dump_python(_Record(numbered.seq, numbered.at, _tag(numbered.note)), mode="json"),
    )


def decode_record(data: dict[str, Any]) -> Numbered:
    """Raises ValueError for what is not a note."""
    record = _record.validate_python(data)
    note = record.note
    return Numbered(
        record.seq, record.at, CallerArrived() if isinstance(note, _Arrived) else note.value
    )


def _tag(note: CallNote) -> _Note:
    if isinstance(note, TurnFinished):
        return _Turn(note)
    if isinstance(note, CallEnded):
        return _Ended(note)
    if isinstance(note, ActionAsked):
        return _Asked(note)
    return _Arrived()
