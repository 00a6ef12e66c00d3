"""Between the end of the caller's words and the first audio of the answer a call writes no file,
syncs no disk and asks no database, with everything on that it tells of itself.
"""

import asyncio
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import psycopg
import pytest
import sqlalchemy
from livekit import rtc
from sqlalchemy import event

from callmissed.domain.budgets import STAGES
from callmissed.domain.knowledge import Passage
from callmissed.kit.journal import JournalWriter
from callmissed.runtime.desk import PassageDesk
from callmissed.runtime.sink import JournalSink
from callmissed.runtime.wire import ToParent
from tests.voice.callers import Earpiece, load_words
from tests.voice.fakes import scripted_models
from tests.voice.running import start_call

WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
CHANGING = {
    *("os.rename", "os.remove", "os.truncate", "os.mkdir", "os.link", "os.symlink", "os.rmdir"),
    *("sqlite3.connect", "subprocess.Popen", "os.posix_spawn", "os.fork"),
}
SYNCING = ("fsync", "fdatasync", "sync", "pwrite", "writev", "ftruncate")
PASSAGE = Passage("clinic.md", "Hours", "On Saturday we are open from ten to four.")
ANSWERS = ["We are open from ten to four. Is there anything else?", "You are welcome. Goodbye."]
LONG_ANSWER = " ".join(["This sentence goes on for a good while without an end."] * 6)
AUDIBLE = 50
BRIEFLY = load_words()[: int(16000 * 1.1)]


@dataclass
class Observed:
    """What this process did to files and databases, and when, in monotonic seconds."""

    deeds: list[tuple[float, str]] = field(default_factory=list)
    is_on: bool = False

    def note(self, deed: str) -> None:
        if self.is_on:
            self.deeds.append((time.monotonic(), deed))

    def between(self, begin_s: float, end_s: float) -> list[str]:
        return [deed for at_s, deed in self.deeds if begin_s <= at_s <= end_s]

    def judge(self, name: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook of the interpreter (PEP 578)."""
        if not self.is_on:
            return
        if name in CHANGING:
            self.note(name)
        elif name == "open":
            path, mode, flags = arguments
            if (flags or 0) & WRITING or set(mode or "") & set("wax+"):
                self.note(f"open {path}")

    def wrap(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def noting(*arguments: Any, **more: Any) -> Any:
            self.note(name)
            return function(*arguments, **more)

        return noting

    def wrap_write(self, write: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
        def noting(fd: int, data: Any) -> int:
            if stat.S_ISREG(os.fstat(fd).st_mode):
                self.note(f"write {Path(f'/proc/self/fd/{fd}').readlink()}")
            return write(fd, data)

        return noting


OBSERVED = Observed()


@pytest.fixture(scope="module", autouse=True)
def audit_hook() -> None:
    """Once a process: it cannot be taken away again, and rests outside these tests."""
    sys.addaudithook(OBSERVED.judge)


@pytest.fixture
def observed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Observed]:
    for name in SYNCING:
        monkeypatch.setattr(os, name, OBSERVED.wrap(getattr(os, name), name))
    monkeypatch.setattr(os, "write", OBSERVED.wrap_write(os.write))
    for connection in (psycopg.Connection, psycopg.AsyncConnection):
        connect = OBSERVED.wrap(connection.connect, "connect to a database")
        monkeypatch.setattr(connection, "connect", connect)

    def note_statement(*_parts: Any) -> None:
        OBSERVED.note("statement")

    event.listen(sqlalchemy.Engine, "before_cursor_execute", note_statement)
    OBSERVED.deeds.clear()
    OBSERVED.is_on = True
    yield OBSERVED
    OBSERVED.is_on = False
    event.remove(sqlalchemy.Engine, "before_cursor_execute", note_statement)


def written_files() -> dict[str, tuple[int, int]]:
    """Size and last change of every file that this process holds open, whoever writes to it."""
    found = {}
    for fd in Path("/proc/self/fd").iterdir():
        try:
            status = fd.stat()
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            found[fd.name] = (status.st_size, status.st_mtime_ns)
    return found


def next_sound(earpiece: Earpiece) -> asyncio.Future[float]:
    """When the agent is heard next, in monotonic seconds."""
    heard: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    take = earpiece.capture_frame

    async def listen(frame: rtc.AudioFrame) -> None:
        await take(frame)
        if (
            not heard.done()
            and np.abs(np.frombuffer(frame.data, np.int16)).max(initial=0) > AUDIBLE
        ):
            heard.set_result(time.monotonic())

    earpiece.capture_frame = listen  # type: ignore[method-assign]
    return heard


async def test_nothing_is_written_between_the_callers_words_and_the_answer(
    observed: Observed, tmp_path: Path
) -> None:
    session_id, path = uuid4(), tmp_path / "call.journal"
    told: list[ToParent] = []
    writer = JournalWriter(path)
    call = start_call(
        scripted_models(["when are you open on saturday", "thank you"], ANSWERS),
        desk=PassageDesk((PASSAGE,)),  # type: ignore[arg-type]
        passages=(PASSAGE,),
        session_id=session_id,
        budgets_ms=dict.fromkeys(STAGES, 1),
        sink=JournalSink(session_id, 1, writer, told.append),
    )
    await call.notes.until(lambda notes: len(notes.turns) == 1)
    for count in (2, 3):
        heard = next_sound(call.line.earpiece)
        await call.line.microphone.say(BRIEFLY)
        before, notes_before = written_files(), len(told)
        heard_s = await heard
        after, notes_after = written_files(), len(told)
        assert observed.between(call.line.microphone.end_s, heard_s) == []
        assert before == after
        assert notes_before == notes_after
        await call.notes.until(lambda notes, count=count: len(notes.turns) == count)
    await call.hang_up()
    writer.close()
    assert [turn.trace["over_budget"] for turn in call.notes.turns[1:]]
    assert len(told) == len(call.notes.all)


async def test_an_interrupted_turn_costs_the_next_one_an_append_at_most(
    observed: Observed, tmp_path: Path
) -> None:
    session_id, path = uuid4(), tmp_path / "call.journal"
    writer = JournalWriter(path)
    call = start_call(
        scripted_models(["tell me everything", "stop please"], [LONG_ANSWER, "Of course."]),
        greeting=None,
        session_id=session_id,
        sink=JournalSink(session_id, 1, writer, lambda _message: None),
    )
    microphone, earpiece = call.line.microphone, call.line.earpiece
    heard = next_sound(earpiece)
    await microphone.say(BRIEFLY)
    await heard
    await microphone.say(BRIEFLY)
    await call.notes.until(lambda notes: len(notes.turns) == 2)
    await call.hang_up()
    writer.close()
    assert call.notes.turns[0].interrupted
    answer_s = next(
        at_s
        for at_s, pcm in earpiece.handed
        if at_s > earpiece.cleared_s[-1] and np.abs(pcm).max(initial=0) > AUDIBLE
    )
    assert microphone.end_s < answer_s
    assert set(observed.between(microphone.end_s, answer_s)) <= {f"write {path}"}


async def test_the_observer_sees_what_the_journal_writes(
    observed: Observed, tmp_path: Path
) -> None:
    path = tmp_path / "call.journal"
    before_s = time.monotonic()
    writer = JournalWriter(path)
    files = written_files()
    writer.append({"seq": 0})
    seen = observed.between(before_s, time.monotonic())
    assert f"open {path}" in seen and f"write {path}" in seen
    assert files != written_files()
    with path.open("ab") as file:
        os.fsync(file.fileno())
    assert "fsync" in observed.between(before_s, time.monotonic())
    writer.close()


async def test_the_observer_sees_statements(observed: Observed) -> None:
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("select 1"))
    engine.dispose()
    assert "statement" in [deed for _, deed in observed.deeds]
