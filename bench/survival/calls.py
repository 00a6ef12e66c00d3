"""One call after the other through a stack, watched from outside: by ear, by captions, on the disk,
and in the database when all is over.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import numpy as np
from livekit import api, rtc
from numpy.typing import NDArray
from sqlalchemy import text

from bench.survival.history import History, Key, Row
from bench.survival.stack import Stack, journals_of
from callmissed.domain.calls import TurnFinished
from callmissed.domain.errors import Refusal
from callmissed.domain.sessions import AGENT_IDENTITY
from callmissed.kit.journal import read_records
from callmissed.runtime.wire import decode_record
from tests.e2e.caller import Customer, Json
from tests.speech.recordings import Spoken, read_recording, spoken_questions
from tests.transports.room_callers import HEARD_PEAK, RATE_HZ, RoomCaller

QUESTIONS = [one for one in spoken_questions("main") if one.voice == "rms"]
PATIENCE_S = 40.0
SETTLE_S = 90.0
POLL_S = 0.2
WINDOW_S = 0.1
WELL_BEFORE_S = 1.0
"""A sentence that was read as final this long before a death was finished."""

Voice = list[tuple[float, NDArray[np.int16]]]


class Listener(RoomCaller):
    """A caller who keeps the agent's tracks apart."""

    def __init__(self) -> None:
        super().__init__()
        self.voices: list[Voice] = []
        self.finals_at: list[tuple[float, str]] = []
        self.was_put_out = asyncio.Event()
        self._unsubscribed: set[str] = set()
        self.room.on("disconnected", lambda _reason: self.was_put_out.set())
        self.room.on("track_unsubscribed", lambda track, *_: self._unsubscribed.add(track.sid))

    @property
    def is_talking(self) -> bool:
        return time.monotonic() < self.end_s or len(self._left) > 0

    def audible_since(self, instant_s: float) -> float | None:
        """When a track that came after that instant was first audible."""
        begins = [
            at_s
            for voice in self.voices
            if voice and voice[0][0] > instant_s
            for at_s in [_first_loud(voice)]
            if at_s is not None
        ]
        return min(begins, default=None)

    def overlap_s(self) -> float:
        """For how long two tracks were audible at once."""
        loud = [_loud_windows(voice) for voice in self.voices]
        both = (one & other for index, one in enumerate(loud) for other in loud[index + 1 :])
        return max(map(len, both), default=0) * WINDOW_S

    async def _hear(self, track: rtc.Track) -> None:
        """Until the room takes the track away: its receiver then carries the next one."""
        voice: Voice = []
        self.voices.append(voice)
        stream = rtc.AudioStream(track, sample_rate=RATE_HZ, num_channels=1)
        try:
            async for event in stream:
                if track.sid in self._unsubscribed:
                    return
                now_s = time.monotonic()
                pcm = np.frombuffer(event.frame.data, np.int16)
                begins_s = now_s - len(pcm) / RATE_HZ
                voice.append((begins_s, pcm))
                self.heard.append((begins_s, now_s, pcm))
                self._more.set()
        finally:
            await stream.aclose()

    def _read_packet(
        self,
        segments: list[rtc.TranscriptionSegment],
        participant: rtc.Participant | None,
        publication: object,
    ) -> None:
        if participant is not None and participant.identity == AGENT_IDENTITY:
            now_s = time.monotonic()
            self.finals_at += [(now_s, part.text) for part in segments if part.final]
        super()._read_packet(segments, participant, publication)


@dataclass
class Call:
    """One call under way. `deaths_s` are the instants at which something died under it."""

    session: Json
    caller: Listener
    deaths_s: list[float] = field(default_factory=list)
    journaled: dict[Key, tuple[str | None, str]] = field(default_factory=dict)
    closed_epochs: set[int] = field(default_factory=set)

    @property
    def id(self) -> str:
        return str(self.session["id"])

    @property
    def answers(self) -> int:
        return len(self.caller.finals(AGENT_IDENTITY))

    async def hear_one_more(self, before: int, within_s: float = PATIENCE_S) -> bool:
        """False where the agent says nothing new in time, or the caller was put out."""
        try:
            await self.caller.until(
                lambda _: self.answers > before or self.caller.was_put_out.is_set(), within_s
            )
        except TimeoutError:
            return False
        return self.answers > before

    async def ask(self, question: Spoken) -> bool:
        """False where no answer came."""
        before = self.answers
        await self.caller.say(read_recording(question.path))
        return await self.hear_one_more(before)

    def heard_for_certain(self) -> tuple[str, ...]:
        """The sentences that were finished well before anything died."""
        first_s = min(self.deaths_s, default=time.monotonic())
        return tuple(
            words.strip() for at_s, words in self.caller.finals_at if at_s < first_s - WELL_BEFORE_S
        )


@asynccontextmanager
async def in_call(customer: Customer, **fields: object) -> AsyncIterator[Call]:
    session = await customer.open_session(**fields)
    call = Call(session, Listener())
    try:
        await call.caller.join(session["ws_url"], session["token"])
        yield call
    finally:
        await call.caller.leave()


class Autopsy:
    """The journals of a process, held open over its death: they are read as it left them."""

    def __init__(self, pid: int) -> None:
        self._files: dict[str, tuple[int, BinaryIO]] = {}
        for session_id, path in journals_of(pid).items():
            try:
                file = path.open("rb")
            except FileNotFoundError:
                continue
            self._files[session_id] = (int(path.stem.rsplit("-", 1)[1]), file)

    @property
    def sessions(self) -> set[str]:
        return set(self._files)

    def write_up(self, call: Call) -> None:
        """To be called when the process is dead."""
        epoch, file = self._files[call.id]
        with file:
            data = file.read()
        for record, _ in read_records(data):
            item = decode_record(record)
            if isinstance(item.note, TurnFinished):
                turn = item.note.turn
                call.journaled[epoch, item.seq] = (turn.user_transcript, turn.agent_response)
        call.closed_epochs.add(epoch)


async def write_history(
    stack: Stack, call: Call, may_end: frozenset[str] = frozenset({"user_left"})
) -> History:
    """When the call is over and everything has come to rest."""
    until_s = time.monotonic() + SETTLE_S
    while time.monotonic() < until_s:
        with suppress(Refusal):
            if await _is_settled(stack, call):
                break
        await asyncio.sleep(POLL_S)
    while True:
        try:
            return await _read_history(stack, call, may_end)
        except Refusal:
            await asyncio.sleep(POLL_S)


async def _read_history(stack: Stack, call: Call, may_end: frozenset[str]) -> History:
    async with stack.database.system() as db:
        session_id = {"id": UUID(call.id)}
        told = "status, end_reason, end_detail, epoch, turn_count, room"
        found = await db.connection.execute(
            text(f"select {told} from voice_sessions where id = :id"), session_id
        )
        row = found.one()
        turns = await db.connection.execute(
            text(
                "select turn_index, epoch, seq, user_transcript, agent_response, created_at "
                "from turns where session_id = :id order by turn_index"
            ),
            session_id,
        )
        events = await db.connection.execute(
            text("select type from events where session_id = :id order by id"), session_id
        )
        return History(
            status=row.status,
            end_reason=row.end_reason,
            epoch=row.epoch,
            turn_count=row.turn_count,
            rows=tuple(
                Row(
                    one.turn_index,
                    (one.epoch, one.seq),
                    (one.user_transcript, one.agent_response),
                    str(one.created_at),
                )
                for one in turns
            ),
            events=tuple(one.type for one in events),
            journaled=call.journaled,
            closed_epochs=frozenset(call.closed_epochs),
            heard=call.heard_for_certain(),
            overlap_s=call.caller.overlap_s(),
            end_detail=row.end_detail or "",
            room_is_there=await _is_there(stack, row.room),
            may_end=may_end,
        )


async def _is_settled(stack: Stack, call: Call) -> bool:
    """The session has ended, its room has gone, and no journal of it is left on a living host."""
    async with stack.database.system() as db:
        found = await db.connection.execute(
            text("select ended_at is not null, room from voice_sessions where id = :id"),
            {"id": UUID(call.id)},
        )
        has_ended, room = found.one()
    left = any(call.id in path.name for path in stack.journals())
    return bool(has_ended) and not left and not await _is_there(stack, room)


async def _is_there(stack: Stack, room: str) -> bool:
    media = stack.media
    async with api.LiveKitAPI(media.url, media.key, media.secret) as server:
        return bool((await server.room.list_rooms(api.ListRoomsRequest(names=[room]))).rooms)


def _first_loud(voice: Voice) -> float | None:
    for begins_s, pcm in voice:
        loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > HEARD_PEAK)
        if len(loud):
            return float(begins_s + loud[0] / RATE_HZ)
    return None


def _loud_windows(voice: Voice) -> set[int]:
    return {
        int(begins_s / WINDOW_S)
        for begins_s, pcm in voice
        if np.abs(pcm.astype(np.int32)).max(initial=0) > HEARD_PEAK
    }


def kill(pid: int, number: int) -> float:
    """The instant just before; one that died with its parent is gone already."""
    at_s = time.monotonic()
    with suppress(ProcessLookupError):
        os.kill(pid, number)
    return at_s


async def until_dead(pid: int) -> None:
    """Returns when the process writes nothing more."""
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state in "ZX":
            return
        await asyncio.sleep(0)
