"""Notes go from journals to the database: all, once, in order, whatever is away meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from callmissed.domain.audit import SYSTEM
from callmissed.domain.calls import CallEnded, CallerArrived, CallNote, TurnFinished
from callmissed.domain.sessions import EndReason, Status
from callmissed.domain.workers import Claim
from callmissed.kit.clock import SYSTEM_CLOCK, Clock, utc_now
from callmissed.kit.journal import JournalWriter
from callmissed.runtime.journal_folders import has_writer, orphaned_folders, own_folder
from callmissed.runtime.refused_journals import RefusedJournals
from callmissed.runtime.shipping import REFUSED_SUFFIX, Shipper
from callmissed.runtime.sink import JournalSink
from callmissed.runtime.wire import Numbered, Told, ToParent, encode_record
from callmissed.services import deletions
from callmissed.store.database import Database
from callmissed.store.migrations import upgrade
from callmissed.worker.adoption import Adopter
from tests.databases import open_database
from tests.servers import running_postgres, short_folder
from tests.worker.scripted_child import scripted_turn
from tests.worker.sessions import KEYRING, Stage, open_stage

ENDED = CallEnded(EndReason.USER_LEFT, caller_audio_s=3.0, agent_audio_s=4.0)


@pytest.fixture
async def stage(postgres_url: str) -> AsyncIterator[Stage]:
    async with open_database(postgres_url) as database:
        yield await open_stage(database)


def turn(index: int) -> TurnFinished:
    return TurnFinished(scripted_turn(index))


def write(path: Path, *notes: CallNote, clock: Clock = SYSTEM_CLOCK) -> None:
    journal = JournalWriter(path)
    for seq, note in enumerate(notes):
        journal.append(encode_record(Numbered(seq, clock.now(), note)))
    journal.close()


async def questions(stage: Stage, claim: Claim) -> list[str | None]:
    return [stored.turn.user_transcript for stored in await stage.turns(claim.session_id)]


async def test_a_call_arrives_whole_and_its_journal_goes(stage: Stage, tmp_path: Path) -> None:
    claim = await stage.claimed_session("-")
    shipper = Shipper(stage.database, tmp_path)
    path = shipper.expect(claim.session_id, claim.epoch)
    write(path, CallerArrived(), turn(0), turn(1), ENDED)
    await shipper.ship_once()
    session = await stage.session(claim.session_id)
    assert (session.status, session.end_reason) == (Status.COMPLETED, EndReason.USER_LEFT)
    assert session.started_at is not None
    assert session.turn_count == 2
    assert await questions(stage, claim) == ["question 0", "question 1"]
    assert path.exists()
    shipper.close(claim.session_id, claim.epoch, "unused")
    await shipper.ship_once()
    assert not path.exists()
    assert len(shipper) == 0


@pytest.mark.parametrize("minutes", [-10, 10, 24 * 60])
async def test_a_host_whose_clock_is_wrong_tells_the_right_times(
    stage: Stage, tmp_path: Path, minutes: int
) -> None:
    wrong = Clock(lambda: utc_now() + timedelta(minutes=minutes), time.monotonic)
    claim = await stage.claimed_session("-")
    shipper = Shipper(stage.database, tmp_path, wrong)
    said = replace(scripted_turn(0), created_at=wrong.now() - timedelta(seconds=20))
    path = shipper.expect(claim.session_id, claim.epoch)
    write(path, CallerArrived(), TurnFinished(said), ENDED, clock=wrong)
    await shipper.ship_once()
    session = await stage.session(claim.session_id)
    [stored] = await stage.turns(claim.session_id)
    assert session.started_at is not None and session.ended_at is not None
    assert session.created_at <= session.started_at <= session.ended_at <= utc_now()
    assert session.duration_s is not None and session.duration_s < 60
    assert abs(utc_now() - stored.turn.created_at) < timedelta(minutes=1)


async def test_the_same_journal_shipped_again_changes_nothing(stage: Stage, tmp_path: Path) -> None:
    claim = await stage.claimed_session("-")
    for _ in range(2):
        shipper = Shipper(stage.database, tmp_path)
        write(shipper.expect(claim.session_id, claim.epoch), CallerArrived(), turn(0), ENDED)
        before = await stage.session(claim.session_id)
        shipper.close(claim.session_id, claim.epoch, "unused")
        await shipper.ship_once()
    assert await stage.session(claim.session_id) == before
    assert await questions(stage, claim) == ["question 0"]


async def test_a_call_without_an_end_failed(stage: Stage, tmp_path: Path) -> None:
    claim = await stage.claimed_session("-")
    shipper = Shipper(stage.database, tmp_path)
    write(shipper.expect(claim.session_id, claim.epoch), CallerArrived(), turn(0))
    await shipper.ship_once()
    assert (await stage.session(claim.session_id)).status is Status.ACTIVE
    shipper.close(claim.session_id, claim.epoch, "Its process died.")
    await shipper.ship_once()
    session = await stage.session(claim.session_id)
    assert (session.status, session.end_reason) == (Status.FAILED, EndReason.ERROR)
    assert await questions(stage, claim) == ["question 0"]


async def test_notes_that_came_by_two_roads_keep_their_order(stage: Stage, tmp_path: Path) -> None:
    claim = await stage.claimed_session("-")
    shipper = Shipper(stage.database, tmp_path)
    journal = JournalWriter(shipper.expect(claim.session_id, claim.epoch))
    records = [encode_record(Numbered(seq, utc_now(), turn(seq))) for seq in range(3)]
    journal.append(records[0])
    journal.append(records[2])
    await shipper.ship_once()
    assert await questions(stage, claim) == ["question 0"]
    shipper.take(Told(claim.session_id, claim.epoch, records[1]))
    await shipper.ship_once()
    assert await questions(stage, claim) == ["question 0", "question 1", "question 2"]
    journal.close()


async def test_a_note_that_never_comes_does_not_hold_up_the_end(
    stage: Stage, tmp_path: Path
) -> None:
    claim = await stage.claimed_session("-")
    shipper = Shipper(stage.database, tmp_path)
    path = shipper.expect(claim.session_id, claim.epoch)
    journal = JournalWriter(path)
    for seq, note in ((0, turn(0)), (2, turn(2)), (3, ENDED)):
        journal.append(encode_record(Numbered(seq, utc_now(), note)))
    journal.close()
    shipper.close(claim.session_id, claim.epoch, "unused")
    await shipper.ship_once()
    assert await questions(stage, claim) == ["question 0", "question 2"]
    assert (await stage.session(claim.session_id)).end_reason is EndReason.USER_LEFT


async def test_a_refused_note_stops_neither_its_call_nor_others(
    stage: Stage, tmp_path: Path
) -> None:
    bad, good = await stage.claimed_session("-"), await stage.claimed_session("-")
    shipper = Shipper(stage.database, tmp_path)
    unstorable = TurnFinished(replace(scripted_turn(1), duration_ms=2**40))
    path = shipper.expect(bad.session_id, bad.epoch)
    write(path, turn(0), unstorable, turn(2), ENDED)
    write(shipper.expect(good.session_id, good.epoch), turn(0), ENDED)
    for claim in (bad, good):
        shipper.close(claim.session_id, claim.epoch, "unused")
    await shipper.ship_once()
    assert await questions(stage, bad) == ["question 0", "question 2"]
    assert await questions(stage, good) == ["question 0"]
    assert [file.name for file in tmp_path.iterdir()] == [path.with_suffix(".refused").name]


async def test_a_refused_journal_goes_with_its_session(stage: Stage, tmp_path: Path) -> None:
    kept, gone = await stage.claimed_session("-"), await stage.claimed_session("-")
    folder = own_folder(tmp_path, uuid4())
    paths = [
        folder.path / f"{claim.session_id}-{claim.epoch}{REFUSED_SUFFIX}" for claim in (kept, gone)
    ]
    for path in (*paths, stray := folder.path / f"stray{REFUSED_SUFFIX}"):
        path.write_text("what somebody said")
    refused = RefusedJournals(tmp_path, stage.database)
    await refused.remove_deleted()
    assert all(path.exists() for path in paths)
    await delete_data(stage, gone.session_id)
    await refused.remove_deleted()
    assert [path.exists() for path in (*paths, stray)] == [True, False, True]
    folder.release()


async def test_notes_of_a_deleted_session_are_dropped_with_their_journal(
    stage: Stage, tmp_path: Path
) -> None:
    claim = await stage.claimed_session("-")
    shipper = Shipper(stage.database, tmp_path)
    path = shipper.expect(claim.session_id, claim.epoch)
    journal = JournalWriter(path)
    before: list[CallNote] = [CallerArrived(), turn(0)]
    for seq, note in enumerate(before):
        journal.append(encode_record(Numbered(seq, utc_now(), note)))
    await shipper.ship_once()
    await delete_data(stage, claim.session_id)
    after: list[CallNote] = [turn(1), ENDED]
    for seq, note in enumerate(after, 2):
        journal.append(encode_record(Numbered(seq, utc_now(), note)))
    journal.close()
    shipper.close(claim.session_id, claim.epoch, "unused")
    await shipper.ship_once()
    assert not path.exists() and len(shipper) == 0
    async with stage.database.system() as db:
        for table in ("voice_sessions", "turns", "events"):
            count = await db.connection.execute(text(f"select count(*) from {table}"))
            assert count.scalar_one() == 0


async def delete_data(stage: Stage, session_id: UUID) -> None:
    async with stage.database.tenant(stage.tenant_id) as db:
        asked = await deletions.delete_session_data(db, KEYRING, SYSTEM, session_id)
    async with stage.database.system() as db:
        assert await deletions.advance(db, asked.id) is deletions.Step.DONE


async def test_a_dead_workers_journals_are_adopted_when_their_writers_are_gone(
    stage: Stage, tmp_path: Path
) -> None:
    first, second = await stage.claimed_session("-"), await stage.claimed_session("-")
    dead = own_folder(tmp_path, first.session_id)
    write(dead.path / f"{first.session_id}-{first.epoch}.journal", turn(0), ENDED)
    other_path = dead.path / f"{second.session_id}-{second.epoch}.journal"
    still_writing = JournalWriter(other_path)
    still_writing.append(encode_record(Numbered(0, utc_now(), turn(0))))
    mine = own_folder(tmp_path, second.session_id)
    shipper = Shipper(stage.database, mine.path)
    buried: list[UUID] = []

    async def retire(worker_id: UUID) -> None:
        buried.append(worker_id)

    adopter = Adopter(tmp_path, shipper, retire)
    await adopter.adopt()
    assert len(shipper) == 0
    dead.release()
    await adopter.adopt()
    await shipper.ship_once()
    assert has_writer(other_path)
    assert await questions(stage, first) == ["question 0"]
    assert await questions(stage, second) == []
    still_writing.close()
    await adopter.adopt()
    await shipper.ship_once()
    await adopter.adopt()
    assert await questions(stage, second) == ["question 0"]
    assert (await stage.session(second.session_id)).status is Status.CREATED
    assert not dead.path.exists()
    assert orphaned_folders(tmp_path) == []
    mine.release()


async def test_an_outage_of_the_database_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with short_folder() as folder:
        async with running_postgres(folder, "admin-password", "password") as url:
            url = url.replace("postgresql:", "postgresql+psycopg:")
            await asyncio.to_thread(upgrade, url)
            database = Database(url)
            stage = await open_stage(database)
            claim = await stage.claimed_session("-")
            shipper = Shipper(database, tmp_path)
            path = shipper.expect(claim.session_id, claim.epoch)
            journal = JournalWriter(path)
            said: list[ToParent] = []
            sink = JournalSink(claim.session_id, claim.epoch, journal, said.append)
            sink.put(turn(0))
            assert await shipper.ship_once()
        for index in range(1, 120):
            sink.put(turn(index))
        assert not await shipper.ship_once()
        sink.put(ENDED)
        journal.close()
        shipper.close(claim.session_id, claim.epoch, "unused")
        async with running_postgres(folder, "admin-password", "password"):
            assert await shipper.settle(30)
            assert await questions(stage, claim) == [f"question {index}" for index in range(120)]
            assert (await stage.session(claim.session_id)).end_reason is EndReason.USER_LEFT
            assert not path.exists()
            await database.dispose()
