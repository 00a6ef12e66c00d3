"""A worker as a whole: a real parent with real call processes on a real database."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from callmissed.domain.calls import TurnFinished
from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.sessions import EndReason, Session, Status
from callmissed.kit.clock import utc_now
from callmissed.kit.journal import encode_line
from callmissed.runtime.children import Command, spawn
from callmissed.runtime.journal_folders import has_writer
from callmissed.runtime.wire import Numbered, encode_record
from callmissed.services import sessions, workers
from callmissed.store.database import Database
from callmissed.worker.deaths import MOST_DEATHS
from tests.databases import fresh_database
from tests.worker.scripted_child import scripted_turn
from tests.worker.sessions import Stage, open_stage
from tests.worker.terms import ROOT

PATIENCE_S = 40
POLL_S = 0.05


class Worker:
    """One worker of a stage, with `slots` slots in each of its `processes`."""

    def __init__(self, process: Process) -> None:
        self.process = process

    def child_pids(self) -> list[int]:
        tasks = Path(f"/proc/{self.process.pid}/task")
        return [
            int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()
        ]

    def process_of(self, session_id: UUID) -> int:
        """The call process that writes the session's journal."""
        [pid] = [pid for pid in self.child_pids() if _writes_for(pid, session_id)]
        return pid

    def runs(self, session_id: UUID) -> bool:
        return any(_writes_for(pid, session_id) for pid in self.child_pids())

    def send(self, number: signal.Signals) -> None:
        """To the parent and to its call processes."""
        for pid in (self.process.pid, *self.child_pids()):
            os.kill(pid, number)

    async def leave(self, *signals: signal.Signals) -> int:
        for number in signals:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), PATIENCE_S)


class Theatre:
    """A stage and how to start workers for it."""

    def __init__(self, stage: Stage, url: str, data_dir: Path) -> None:
        self.stage = stage
        self._url = url
        self._data_dir = data_dir

    @asynccontextmanager
    async def worker(
        self, processes: int = 1, slots: int = 4, host: str = "host", spares: int = 0
    ) -> AsyncIterator[Worker]:
        """Killed at the end of the block where it still runs. Workers of one `host` share a disk."""
        env = {
            **os.environ,
            "CALLMISSED_DATA_DIR": str(self._data_dir / host),
            "CALLMISSED_SECRET": "secret-of-the-tests-for-callmissed",
            "CALLMISSED_WORKER_PROCESSES": str(processes),
            "CALLMISSED_WORKER_SLOTS": str(slots),
            "CALLMISSED_WORKER_SPARES": str(spares),
            "DATABASE_URL": self._url,
            "LIVEKIT_URL": "ws://127.0.0.1:1",
            "LIVEKIT_API_KEY": "unused",
            "LIVEKIT_API_SECRET": "secret-of-the-tests-livekit-server",
        }
        argv = (sys.executable, "-m", "tests.worker.scripted_parent")
        worker = Worker(await spawn(Command(argv, env, cwd=ROOT), stdout=None, stderr=None))
        try:
            yield worker
        finally:
            if worker.process.returncode is None:
                worker.process.kill()
            await worker.process.wait()

    async def open_session(self, script: str) -> UUID:
        """Waits for a free slot."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    return await self.stage.open_session(script)
                except Refusal as refusal:
                    if refusal.kind is not Kind.AT_CAPACITY:
                        raise
                    await asyncio.sleep(POLL_S)

    async def until(self, session_id: UUID, condition: Callable[[Session], bool]) -> Session:
        """The session as soon as `condition` holds of it."""
        session = await self.stage.session(session_id)
        async with asyncio.timeout(PATIENCE_S):
            while not condition(session):
                await asyncio.sleep(POLL_S)
                session = await self.stage.session(session_id)
        return session

    async def questions(self, session_id: UUID) -> list[str | None]:
        return [stored.turn.user_transcript for stored in await self.stage.turns(session_id)]

    def journals(self) -> list[Path]:
        return list(self._data_dir.rglob("*.journal"))


@pytest.fixture
async def theatre(postgres_url: str, tmp_path: Path) -> AsyncIterator[Theatre]:
    async with fresh_database(postgres_url) as url:
        database = Database(url)
        yield Theatre(await open_stage(database), url, tmp_path)
        await database.dispose()


def _writes_for(pid: int, session_id: UUID) -> bool:
    with suppress(OSError):
        return any(
            str(session_id) in str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()
        )
    return False


def has_ended(session: Session) -> bool:
    return session.ended_at is not None


def is_active(session: Session) -> bool:
    return session.status is Status.ACTIVE


async def until_true(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(POLL_S)


async def test_two_workers_run_each_session_once(theatre: Theatre) -> None:
    async with theatre.worker(slots=5), theatre.worker(slots=5):
        opened = [await theatre.open_session("arrive say say") for _ in range(10)]
        for session_id in opened:
            session = await theatre.until(session_id, has_ended)
            assert (session.status, session.end_reason) == (Status.COMPLETED, EndReason.USER_LEFT)
            assert (session.turn_count, session.epoch) == (2, 1)
        await until_true(lambda: theatre.journals() == [])


async def test_no_more_calls_than_slots(theatre: Theatre) -> None:
    async with theatre.worker(processes=2, slots=2):
        opened = [await theatre.open_session("arrive wait") for _ in range(4)]
        for session_id in opened:
            await theatre.until(session_id, is_active)
        with pytest.raises(Refusal) as refused:
            await theatre.stage.open_session("arrive")
        assert refused.value.kind is Kind.AT_CAPACITY


async def test_an_order_ends_a_running_call(theatre: Theatre) -> None:
    async with theatre.worker():
        session_id = await theatre.open_session("arrive say wait")
        await theatre.until(session_id, lambda session: session.turn_count == 1)
        async with theatre.stage.database.tenant(theatre.stage.tenant_id) as db:
            assert await sessions.end_session(db, session_id, EndReason.API_DELETE)
        await until_true(lambda: theatre.journals() == [])
        assert (await theatre.stage.session(session_id)).end_reason is EndReason.API_DELETE


async def test_a_dead_process_hands_its_calls_to_a_living_one(theatre: Theatre) -> None:
    async with theatre.worker(processes=2, slots=1):
        spared = await theatre.open_session("arrive wait")
        await theatre.until(spared, is_active)
        crashing = await theatre.open_session("arrive say say exit | say wait")
        session = await theatre.until(crashing, lambda session: session.turn_count == 3)
        assert (session.status, session.epoch) == (Status.ACTIVE, 2)
        assert await theatre.questions(crashing) == ["question 0", "question 1", "question 2"]
        assert (await theatre.stage.session(spared)).epoch == 1


async def test_a_spare_process_takes_a_lost_call_and_no_other(theatre: Theatre) -> None:
    async with theatre.worker(slots=1, spares=1) as worker:
        await until_true(lambda: len(worker.child_pids()) == 2)
        killed = await theatre.open_session("arrive say wait | say wait")
        await theatre.until(killed, lambda session: session.turn_count == 1)
        with pytest.raises(Refusal) as refused:
            await theatre.stage.open_session("arrive")
        assert refused.value.kind is Kind.AT_CAPACITY, "the spare stays empty"
        os.kill(worker.process_of(killed), signal.SIGKILL)
        session = await theatre.until(killed, lambda session: session.turn_count == 2)
        assert (session.status, session.epoch) == (Status.ACTIVE, 2)


async def test_a_call_whose_processes_are_killed_waits_for_the_next(theatre: Theatre) -> None:
    async with theatre.worker() as worker:
        session_id = await theatre.open_session("arrive wait | wait | wait | wait | say")
        for _ in range(MOST_DEATHS + 1):
            await until_true(lambda: worker.runs(session_id))
            os.kill(pid := worker.process_of(session_id), signal.SIGKILL)
            await until_true(lambda: pid not in worker.child_pids())
        session = await theatre.until(session_id, has_ended)
        assert (session.status, session.turn_count) == (Status.COMPLETED, 1)
        assert session.epoch == MOST_DEATHS + 2


async def test_the_only_process_resumes_its_calls_when_it_is_back(theatre: Theatre) -> None:
    async with theatre.worker() as worker:
        session_id = await theatre.open_session("arrive say wait | say")
        await theatre.until(session_id, lambda session: session.turn_count == 1)
        [pid] = worker.child_pids()
        os.kill(pid, signal.SIGKILL)
        session = await theatre.until(session_id, has_ended)
        assert (session.status, session.turn_count) == (Status.COMPLETED, 2)
        assert worker.child_pids() != [pid]


async def test_a_call_that_kills_one_process_after_the_other_fails(theatre: Theatre) -> None:
    async with theatre.worker(processes=2):
        session_id = await theatre.open_session("arrive exit")
        session = await theatre.until(session_id, has_ended)
        assert (session.status, session.end_reason) == (Status.FAILED, EndReason.ERROR)
        assert session.epoch == MOST_DEATHS + 1, "giving it up took an epoch too"


async def test_a_frozen_process_loses_its_calls_to_another(theatre: Theatre) -> None:
    async with theatre.worker(processes=2):
        session_id = await theatre.open_session("arrive say freeze | say")
        session = await theatre.until(session_id, has_ended)
        assert (session.status, session.turn_count) == (Status.COMPLETED, 2)


async def test_a_run_that_gave_way_to_nobody_is_begun_again(theatre: Theatre) -> None:
    async with theatre.worker():
        session_id = await theatre.open_session("arrive overtaken | say")
        session = await theatre.until(session_id, has_ended)
        assert (session.status, session.turn_count, session.epoch) == (Status.COMPLETED, 1, 2)


async def test_a_dead_hosts_calls_go_to_another_host(theatre: Theatre) -> None:
    async with theatre.worker(host="doomed") as doomed:
        session_id = await theatre.open_session("arrive say wait | say wait")
        await theatre.until(session_id, lambda session: session.turn_count == 1)
        async with theatre.worker(host="other"):
            doomed.process.kill()
            session = await theatre.until(session_id, lambda session: session.turn_count == 2)
            assert (session.status, session.epoch) == (Status.ACTIVE, 2)
            assert await theatre.questions(session_id) == ["question 0", "question 1"]


async def test_a_host_that_wakes_up_writes_nothing_more(theatre: Theatre) -> None:
    async with theatre.worker(host="sleeper") as sleeper:
        session_id = await theatre.open_session("arrive say wait | say wait")
        await theatre.until(session_id, lambda session: session.turn_count == 1)
        async with theatre.worker(host="other"):
            sleeper.send(signal.SIGSTOP)
            await theatre.until(session_id, lambda session: session.turn_count == 2)
            sleeper.send(signal.SIGCONT)
            await until_true(lambda: len(theatre.journals()) == 1)
            session = await theatre.stage.session(session_id)
            assert (session.status, session.epoch, session.turn_count) == (Status.ACTIVE, 2, 2)


async def test_an_end_that_was_announced_in_vain_ends_the_call(theatre: Theatre) -> None:
    async with theatre.worker():
        session_id = await theatre.open_session("arrive wait")
        await theatre.until(session_id, is_active)
        async with theatre.stage.database.system() as db:
            now = "ended_at = now(), status = 'completed', end_reason = 'api_delete'"
            await db.connection.execute(text(f"update voice_sessions set {now}"))
        await until_true(lambda: theatre.journals() == [])


async def test_a_worker_that_the_database_asks_to_drain_leaves(theatre: Theatre) -> None:
    async with theatre.worker() as worker:
        session_id = await theatre.open_session("arrive wait")
        await theatre.until(session_id, is_active)
        async with theatre.stage.database.system() as db:
            assert await workers.ask_to_drain(db, "somewhere else") == 0
            assert await workers.ask_to_drain(db, None) == 1
        await until_refused(theatre)
        worker.process.send_signal(signal.SIGTERM)
        await until_refused(theatre)
        assert (await theatre.stage.session(session_id)).status is Status.ACTIVE, "asked once"
        async with theatre.stage.database.tenant(theatre.stage.tenant_id) as db:
            await sessions.end_session(db, session_id, EndReason.API_DELETE)
        assert await worker.leave() == 0


async def test_a_killed_worker_on_the_same_disk_is_followed_at_once(theatre: Theatre) -> None:
    async with theatre.worker() as killed:
        session_id = await theatre.open_session("arrive say wait | say")
        await theatre.until(session_id, lambda session: session.turn_count == 1)
        killed.process.kill()
        await killed.process.wait()
    async with theatre.worker():
        session = await theatre.until(session_id, has_ended)
        assert (session.status, session.turn_count, session.epoch) == (Status.COMPLETED, 2, 2)


async def test_a_killed_workers_turns_are_shipped_by_the_next(theatre: Theatre) -> None:
    async with theatre.worker() as killed:
        session_id = await theatre.open_session("arrive wait")
        await theatre.until(session_id, is_active)
        killed.process.kill()
        await killed.process.wait()
    [journal] = theatre.journals()
    await until_true(lambda: not has_writer(journal))
    late = Numbered(1, utc_now(), TurnFinished(scripted_turn(0)))
    journal.write_bytes(journal.read_bytes() + encode_line(encode_record(late)) + b"00000000 torn")
    async with theatre.worker():
        await theatre.until(session_id, lambda session: session.turn_count == 1)
        await until_true(lambda: journal not in theatre.journals())


async def test_a_drained_worker_lets_its_calls_end(theatre: Theatre) -> None:
    async with theatre.worker() as worker:
        session_id = await theatre.open_session("arrive wait")
        await theatre.until(session_id, is_active)
        worker.process.send_signal(signal.SIGTERM)
        await until_refused(theatre)
        assert (await theatre.stage.session(session_id)).status is Status.ACTIVE
        async with theatre.stage.database.tenant(theatre.stage.tenant_id) as db:
            await sessions.end_session(db, session_id, EndReason.API_DELETE)
        assert await worker.leave() == 0
    assert theatre.journals() == []


async def test_a_second_signal_ends_the_calls(theatre: Theatre) -> None:
    async with theatre.worker() as worker:
        polite = await theatre.open_session("arrive wait")
        stubborn = await theatre.open_session("arrive say stubborn")
        await theatre.until(polite, is_active)
        await theatre.until(stubborn, lambda session: session.turn_count == 1)
        assert await worker.leave(signal.SIGTERM, signal.SIGINT) == 0
    for session_id in (polite, stubborn):
        session = await theatre.stage.session(session_id)
        assert (session.status, session.end_reason) == (Status.FAILED, EndReason.ERROR)
    assert theatre.journals() == []


async def until_refused(theatre: Theatre) -> None:
    """Returns when no worker takes calls any more."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await theatre.stage.open_session("arrive")
            except Refusal:
                return
            await asyncio.sleep(POLL_S)
