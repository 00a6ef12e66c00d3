"""A call process, spoken to as its parent speaks to it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from callmissed.domain.calls import CallEnded, CallerArrived, CallNote, CallTerms, TurnFinished
from callmissed.domain.sessions import EndReason
from callmissed.kit.journal import JournalWriter, read_records
from callmissed.kit.process import is_stopped
from callmissed.runtime.wire import (
    Done,
    Drain,
    End,
    Noted,
    Ready,
    Start,
    Told,
    ToParent,
    decode_record,
)
from callmissed.worker.call_process import CallProcess, start_call_process
from tests.worker.terms import ROOT, SCRIPTED_CHILD, scripted_terms

PATIENCE_S = 30


@asynccontextmanager
async def scripted_process() -> AsyncIterator[tuple[CallProcess, AsyncIterator[ToParent]]]:
    process = await start_call_process(SCRIPTED_CHILD)
    messages = process.messages()
    try:
        await until(messages, Ready())
        yield process, messages
    finally:
        await process.leave()


async def until(messages: AsyncIterator[ToParent], awaited: ToParent) -> list[ToParent]:
    """What was said up to `awaited`."""
    said: list[ToParent] = []
    async with asyncio.timeout(PATIENCE_S):
        async for message in messages:
            said.append(message)
            if message == awaited:
                return said
    raise AssertionError(f"{awaited} was never said, only {said}")


def start(process: CallProcess, folder: Path, script: str) -> tuple[CallTerms, Path]:
    terms = scripted_terms(script)
    journal = folder / f"{terms.session_id}-{terms.epoch}.journal"
    process.tell(Start(journal, terms))
    return terms, journal


def notes_in(journal: Path) -> list[CallNote]:
    records = [record for record, _ in read_records(journal.read_bytes())]
    assert [record["seq"] for record in records] == list(range(len(records)))
    return [decode_record(record).note for record in records]


async def test_a_call_is_noted_in_its_journal_in_order(tmp_path: Path) -> None:
    async with scripted_process() as (process, messages):
        terms, journal = start(process, tmp_path, "arrive say say")
        said = await until(messages, Done(terms.session_id))
    notes = notes_in(journal)
    assert [type(note) for note in notes] == [CallerArrived, TurnFinished, TurnFinished, CallEnded]
    assert notes[-1] == CallEnded(EndReason.USER_LEFT, caller_audio_s=1.5, agent_audio_s=2.5)
    assert said.count(Noted(terms.session_id)) == len(notes)


async def test_a_failing_call_ends_as_error_and_leaves_the_others_alone(tmp_path: Path) -> None:
    async with scripted_process() as (process, messages):
        waiting, its_journal = start(process, tmp_path, "arrive wait")
        failing, journal = start(process, tmp_path, "say raise")
        await until(messages, Done(failing.session_id))
        process.tell(End(waiting.session_id, EndReason.API_DELETE))
        await until(messages, Done(waiting.session_id))
    end = notes_in(journal)[-1]
    assert isinstance(end, CallEnded)
    assert end.reason is EndReason.ERROR
    assert end.detail == "The call failed: RuntimeError."
    assert "says so" not in journal.read_text()
    end = notes_in(its_journal)[-1]
    assert isinstance(end, CallEnded)
    assert end.reason is EndReason.API_DELETE


async def test_what_a_library_prints_is_no_message(tmp_path: Path) -> None:
    async with scripted_process() as (process, messages):
        terms, journal = start(process, tmp_path, "print say")
        await until(messages, Done(terms.session_id))
    assert len(notes_in(journal)) == 2


async def test_a_drained_process_leaves_after_its_last_call(tmp_path: Path) -> None:
    async with scripted_process() as (process, messages):
        terms, journal = start(process, tmp_path, "wait")
        process.tell(Drain())
        process.tell(End(terms.session_id, EndReason.USER_LEFT))
        async with asyncio.timeout(PATIENCE_S):
            assert Done(terms.session_id) in [message async for message in messages]
            assert await process.wait() == 0
    assert len(notes_in(journal)) == 1


async def test_a_process_whose_parent_is_gone_leaves_its_calls_without_an_end(
    tmp_path: Path,
) -> None:
    async with scripted_process() as (process, messages):
        terms, journal = start(process, tmp_path, "say wait")
        other_terms, other_journal = start(process, tmp_path, "say stubborn")
        await until(messages, Noted(terms.session_id))
        await until(messages, Noted(other_terms.session_id))
        async with asyncio.timeout(PATIENCE_S):
            await process.leave()
            assert await process.wait() == 0
    for each in (journal, other_journal):
        assert [type(note) for note in notes_in(each)] == [TurnFinished]


async def test_a_terminated_process_ends_its_calls(tmp_path: Path) -> None:
    async with scripted_process() as (process, messages):
        terms, journal = start(process, tmp_path, "say wait")
        other_terms, other_journal = start(process, tmp_path, "say stubborn")
        await until(messages, Noted(terms.session_id))
        await until(messages, Noted(other_terms.session_id))
        os.kill(process.pid, signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0
    for each in (journal, other_journal):
        end = notes_in(each)[-1]
        assert isinstance(end, CallEnded)
        assert end.reason is EndReason.ERROR


async def test_a_journal_that_cannot_be_written_is_told_instead(tmp_path: Path) -> None:
    async with scripted_process() as (process, messages):
        terms = scripted_terms("arrive say")
        journal = tmp_path / "taken.journal"
        writer = JournalWriter(journal)
        process.tell(Start(journal, terms))
        said = await until(messages, Done(terms.session_id))
        writer.close()
    told = [message for message in said if isinstance(message, Told)]
    assert [message.record["seq"] for message in told] == [0, 1, 2]
    assert isinstance(decode_record(told[-1].record).note, CallEnded)
    assert journal.read_bytes() == b""


async def test_a_killed_parent_takes_its_call_processes_along(tmp_path: Path) -> None:
    parent = """
import asyncio, sys
from callmissed.worker.call_process import start_call_process
async def run():
    process = await start_call_process(sys.argv[1:])
    async for message in process.messages():
        print(process.pid, flush=True)
asyncio.run(run())
"""
    with subprocess.Popen(
        [sys.executable, "-c", parent, *SCRIPTED_CHILD], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as killed:
        assert killed.stdout is not None
        child_pid = int(killed.stdout.readline())
        pidfd = os.pidfd_open(child_pid)
        killed.send_signal(signal.SIGKILL)
    gone = asyncio.Event()
    asyncio.get_running_loop().add_reader(pidfd, gone.set)
    async with asyncio.timeout(PATIENCE_S):
        await gone.wait()
    asyncio.get_running_loop().remove_reader(pidfd)
    os.close(pidfd)


async def test_a_stopped_process_is_given_up_before_one_that_is_only_late() -> None:
    async with scripted_process() as (process, messages):
        process.ready = True
        os.kill(process.pid, signal.SIGSTOP)
        async with asyncio.timeout(PATIENCE_S):
            while not is_stopped(process.pid):
                await asyncio.sleep(0)
            async for _ in messages:
                pass
            assert await process.wait() == -signal.SIGKILL
    assert not is_stopped(os.getpid())
