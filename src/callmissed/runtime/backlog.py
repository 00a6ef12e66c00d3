"""The notes of one call that the database has not taken yet, in order."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from callmissed.domain.calls import CallEnded, TurnFinished
from callmissed.domain.sessions import EndReason
from callmissed.kit.clock import SYSTEM_CLOCK, Clock
from callmissed.kit.journal import JournalTail
from callmissed.runtime.wire import Numbered, decode_record

SUFFIX = ".journal"


class Backlog:
    """Merges what stands in the journal with what came over the pipe.

    While the writer lives nothing is given out behind a gap, for its missing note is on the way by
    the other road. `close` adds the end that the writer did not note, with the reason in `detail`.
    `refused` is for whoever ships: a note of this call was not taken. `on_note` is told each note
    once, when it is first seen.
    """

    def __init__(
        self,
        session_id: UUID,
        epoch: int,
        path: Path,
        clock: Clock = SYSTEM_CLOCK,
        on_note: Callable[[Numbered], None] = lambda _note: None,
    ) -> None:
        self.session_id = session_id
        self.epoch = epoch
        self.path = path
        self.refused = False
        self._clock = clock
        self._on_note = on_note
        self._tail = JournalTail(path)
        self._waiting: dict[int, Numbered] = {}
        self._next_seq = 0
        self._ended = False
        self._closed = False

    def read(self) -> None:
        """Takes in what is new in the journal; a record that is no note is left out."""
        for record in self._tail.read_new():
            try:
                self.add(decode_record(record))
            except ValueError:
                continue

    def add(self, item: Numbered) -> None:
        """The same note again changes nothing."""
        if item.seq >= self._next_seq and item.seq not in self._waiting:
            self._waiting[item.seq] = item
            self._ended = self._ended or isinstance(item.note, CallEnded)
            self._on_note(item)

    def close(self, detail: str | None) -> None:
        """To be called when the writer is gone. With None nothing is added to what it noted."""
        if self._closed:
            return
        self.read()
        self._closed = True
        if not self._ended and detail is not None:
            last_seq = max(self._waiting, default=self._next_seq - 1)
            end = CallEnded(EndReason.ERROR, 0.0, 0.0, detail)
            self.add(Numbered(last_seq + 1, self._clock.now(), end))

    def due(self, limit: int) -> list[Numbered]:
        """The next notes to record; the same ones again until `confirm` is told."""
        due: list[Numbered] = []
        expected = self._next_seq
        for seq in sorted(self._waiting):
            if len(due) == limit or (seq != expected and not self._closed):
                break
            due.append(self._waiting[seq])
            expected = seq + 1
        return due

    def confirm(self, seq: int) -> None:
        """The note `seq` is in the database, and so are those before it."""
        for old in [waiting for waiting in self._waiting if waiting <= seq]:
            del self._waiting[old]
        self._next_seq = max(self._next_seq, seq + 1)

    @property
    def waiting(self) -> Collection[Numbered]:
        """What was read and not confirmed."""
        return self._waiting.values()

    @property
    def finished(self) -> bool:
        return self._closed and not self._waiting


def moved(item: Numbered, by: timedelta) -> Numbered:
    """The same note, with its instants on a clock that is `by` ahead of that which it was noted by."""
    note = item.note
    if isinstance(note, TurnFinished):
        note = TurnFinished(replace(note.turn, created_at=note.turn.created_at + by))
    return Numbered(item.seq, item.at + by, note)


def journal_path(folder: Path, session_id: UUID, epoch: int) -> Path:
    return folder / f"{session_id}-{epoch}{SUFFIX}"


def backlog_of(path: Path) -> Backlog | None:
    """The backlog of a journal found on the disk; None for a file that is not named like one."""
    name, _, epoch = path.name.removesuffix(SUFFIX).rpartition("-")
    try:
        return Backlog(UUID(name), int(epoch), path)
    except ValueError:
        return None
