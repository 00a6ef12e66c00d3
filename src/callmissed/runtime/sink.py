"""Where a call's notes go while it runs: its own journal, or the pipe to the parent where the disk
is full.

A journal's record is `{"seq": …, "at": …, "note": …}`; `seq` counts from 0 within one session and
epoch, `at` is when it was noted (RFC 3339, to the millisecond).
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from callmissed.domain.calls import CallEnded, CallNote
from callmissed.kit.clock import SYSTEM_CLOCK, Clock
from callmissed.kit.journal import JournalWriter
from callmissed.runtime.wire import Noted, Numbered, Told, ToParent, encode_record


class JournalSink:
    """`CallSink` of one call. Every note gets the next `seq`; `say` must take a message without
    waiting.
    """

    def __init__(
        self,
        session_id: UUID,
        epoch: int,
        journal: JournalWriter | None,
        say: Callable[[ToParent], None],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._session_id = session_id
        self._epoch = epoch
        self._journal = journal
        self._say = say
        self._clock = clock
        self._next_seq = 0
        self._silent = False

    def put(self, note: CallNote) -> None:
        """Nothing is taken after the call's end has been noted."""
        if self._silent:
            return
        self._silent = isinstance(note, CallEnded)
        seq, self._next_seq = self._next_seq, self._next_seq + 1
        record = encode_record(Numbered(seq, self._clock.now(), note))
        if self._write(record):
            self._say(Noted(self._session_id))
        else:
            self._say(Told(self._session_id, self._epoch, record))

    def mute(self) -> None:
        """Nothing is taken from now on."""
        self._silent = True

    def _write(self, record: dict[str, Any]) -> bool:
        if self._journal is None:
            return False
        try:
            self._journal.append(record)
        except OSError:
            return False
        return True
