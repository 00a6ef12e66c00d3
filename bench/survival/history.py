"""What was seen of one call from outside, and the rules that it must obey whatever died.

The checks take values and return sentences; `tests/survival` plants a bug for each of them.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

OPEN = ("created", "active")
ENDS = {"completed": "voice_session.ended", "timeout": "voice_session.ended"}
FAILED_EVENT = "voice_session.failed"
STARTED_EVENT = "voice_session.started"
MOST_OVERLAP_S = 0.3

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Row:
    """One turn as the database has it. `said` is (caller's words, agent's words)."""

    index: int
    key: Key
    said: tuple[str | None, str]
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """One call when all is over.

    `journaled` are the turns that stood in the journals of dead processes, by (epoch, seq);
    `closed_epochs` those of which the whole journal was read. `heard` are the agent's sentences that
    the caller read as final well before anything died. `overlap_s` is how long two voices were
    audible at once. `room_is_there`: the media server still knows the room.
    """

    status: str
    end_reason: str | None
    epoch: int
    turn_count: int
    rows: tuple[Row, ...]
    events: tuple[str, ...]
    journaled: Mapping[Key, tuple[str | None, str]] = field(default_factory=dict)
    closed_epochs: frozenset[int] = frozenset()
    heard: tuple[str, ...] = ()
    overlap_s: float = 0.0
    room_is_there: bool = False
    end_detail: str = ""
    may_end: frozenset[str] = frozenset({"user_left"})


def find_faults(history: History) -> list[str]:
    """Empty where every promise was kept."""
    return [fault for check in CHECKS for fault in check(history)]


def lost_turns(history: History) -> Iterator[str]:
    kept = {row.key: row.said for row in history.rows}
    for key, said in sorted(history.journaled.items()):
        if kept.get(key) != said:
            yield f"lost: the finished turn {key} is not in the database"


def doubled_turns(history: History) -> Iterator[str]:
    for (said, _at), count in Counter((row.said, row.created_at) for row in history.rows).items():
        if count > 1:
            yield f"doubled: a turn of {len(said[1])} letters stands {count} times"


def invented_turns(history: History) -> Iterator[str]:
    for row in history.rows:
        if row.key[0] in history.closed_epochs and row.key not in history.journaled:
            yield f"invented: {row.key} was in no journal"


def unkept_words(history: History) -> Iterator[str]:
    """A turn may be read in several pieces: an answer, then an apology for its end."""
    kept = "\n".join(row.said[1] for row in history.rows)
    for words in history.heard:
        if words in kept:
            kept = kept.replace(words, "", 1)
        else:
            yield f"unkept: a sentence of {len(words)} letters was heard and not written down"


def broken_indexes(history: History) -> Iterator[str]:
    indexes = [row.index for row in history.rows]
    if indexes != list(range(len(indexes))) or history.turn_count != len(indexes):
        yield f"indexes: {indexes}, turn_count {history.turn_count}"


def disordered_turns(history: History) -> Iterator[str]:
    for epoch in {row.key[0] for row in history.rows}:
        seqs = [row.key[1] for row in history.rows if row.key[0] == epoch]
        if seqs != sorted(seqs):
            yield f"order: epoch {epoch} stands as {seqs}"


def unfenced_writes(history: History) -> Iterator[str]:
    for row in history.rows:
        if row.key[0] > history.epoch:
            yield f"epochs: {row.key} in a session of epoch {history.epoch}"


def wrong_ends(history: History) -> Iterator[str]:
    if history.status in OPEN:
        yield f"end: the session is still {history.status}"
    elif history.end_reason not in history.may_end:
        yield f"end: {history.status} for {history.end_reason} ({history.end_detail})"


def wrong_events(history: History) -> Iterator[str]:
    expected = (STARTED_EVENT, ENDS.get(history.status, FAILED_EVENT))
    if history.events != expected:
        yield f"events: {list(history.events)} where {list(expected)} belong"


def second_voices(history: History) -> Iterator[str]:
    if history.overlap_s > MOST_OVERLAP_S:
        yield f"voices: two were heard at once for {history.overlap_s:.1f} s"


def left_rooms(history: History) -> Iterator[str]:
    if history.room_is_there:
        yield "room: it is still there"


CHECKS: tuple[Callable[[History], Iterator[str]], ...] = (
    lost_turns,
    doubled_turns,
    invented_turns,
    unkept_words,
    broken_indexes,
    disordered_turns,
    unfenced_writes,
    wrong_ends,
    wrong_events,
    second_voices,
    left_rooms,
)
