"""A call in a real room: livekit-server, a caller over WebRTC, our agent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from livekit import api

from callmissed.domain.calls import CallEnded, CallerArrived
from callmissed.domain.sessions import AGENT_IDENTITY, CALLER_IDENTITY, EndReason
from callmissed.providers import Models
from callmissed.runtime.call import run_call
from callmissed.runtime.desk import PassageDesk
from tests.conftest import LiveKit
from tests.transports.room_callers import RoomCaller, Tokens, fresh_room
from tests.voice.callers import load_words
from tests.voice.fakes import scripted_models
from tests.voice.running import Notes, NoWarm, Orders, Plan, terms

WORDS = load_words()
BRIEFLY = WORDS[: int(16000 * 1.1)]
GREETING = "Hello, how can I help?"
ANSWER = "On Saturday, we are open from ten to four."
LONG_ANSWER = " ".join(["This sentence goes on for a good while without an end."] * 6)


@dataclass
class InRoom:
    tokens: Tokens
    caller: RoomCaller
    notes: Notes
    task: asyncio.Task[None]


@asynccontextmanager
async def a_call(livekit: LiveKit, models: Models, **changes: object) -> AsyncIterator[InRoom]:
    """A caller who has just joined a room in which our agent waits."""
    async with fresh_room(livekit.url, livekit.key, livekit.secret) as tokens:
        notes, caller = Notes(), RoomCaller()
        plan = Plan(terms(room_url=livekit.url, room_token=tokens.agent, **changes))
        task = asyncio.create_task(
            run_call(
                plan,
                PassageDesk(()),
                notes,
                Orders(),
                NoWarm(),  # type: ignore[arg-type]
                build=lambda _route, _access, _warm, _passages, _meter: models,
            )
        )
        await caller.join(livekit.url, tokens.caller)
        try:
            yield InRoom(tokens, caller, notes, task)
        finally:
            await caller.leave()
            task.cancel()
            await asyncio.wait([task])


async def test_a_caller_hears_and_reads_the_answer(livekit: LiveKit) -> None:
    async with a_call(livekit, scripted_models(["when are you open"], [ANSWER])) as call:
        caller, notes = call.caller, call.notes
        await notes.until(lambda notes: len(notes.turns) == 1)
        assert caller.first_heard_after(0.0) is not None
        await caller.say(WORDS)
        await notes.until(lambda notes: len(notes.turns) == 2)
        await caller.until(lambda caller: ANSWER in caller.finals(AGENT_IDENTITY))
        await caller.until(lambda caller: len(_final_streams(caller)) == 3)
        assert caller.first_heard_after(caller.end_s) is not None
        assert caller.finals(AGENT_IDENTITY) == [GREETING, ANSWER]
        assert caller.finals(CALLER_IDENTITY) == ["when are you open"]
        for_each = {(who, segment) for who, segment, _, _ in caller.packets}
        assert len(for_each) == 3
        assert _final_streams(caller) == [GREETING, "when are you open", ANSWER]
        await caller.until(lambda caller: caller.states[-1:] == ["listening"])
        assert caller.states[-2:] == ["speaking", "listening"]
        await caller.leave()
        await call.task
        assert notes.all[0] == CallerArrived()
        (end,) = notes.ends
        assert end.reason is EndReason.USER_LEFT
        assert end.agent_audio_s > 1.0


async def test_an_interrupted_agent_falls_silent_for_the_caller(livekit: LiveKit) -> None:
    models = scripted_models(["tell me all", "stop"], [LONG_ANSWER, "Okay."])
    async with a_call(livekit, models, greeting=None) as call:
        caller, notes = call.caller, call.notes
        await notes.until(lambda notes: CallerArrived() in notes.all)
        await caller.say(WORDS)
        await caller.until(lambda caller: _has_read(caller, "goes on"))
        await caller.say(WORDS)
        await notes.until(lambda notes: len(notes.turns) == 2)
        cut, reply = notes.turns
        assert cut.interrupted
        assert LONG_ANSWER.startswith(cut.agent_response)
        assert len(cut.agent_response) < len(LONG_ANSWER) / 2
        assert reply.agent_response == "Okay."
        await caller.until(lambda caller: "Okay." in caller.finals(AGENT_IDENTITY))
        assert caller.finals(AGENT_IDENTITY) == [cut.agent_response, "Okay."]


async def test_a_caller_who_joins_again_stays_in_the_same_call(livekit: LiveKit) -> None:
    models = scripted_models(["are you there"], ["Yes, I am."])
    async with a_call(livekit, models, reconnect_window_s=10.0) as call:
        await call.notes.until(lambda notes: len(notes.turns) == 1)
        again = RoomCaller()
        await again.join(livekit.url, call.tokens.caller)
        await again.until(lambda caller: bool(caller.heard))
        await again.say(WORDS)
        await call.notes.until(lambda notes: len(notes.turns) == 2)
        await again.until(lambda caller: "Yes, I am." in caller.finals(AGENT_IDENTITY))
        assert not call.notes.ends
        await again.leave()
        await call.task
        assert [end.reason for end in call.notes.ends] == [EndReason.USER_LEFT]


async def test_a_room_that_is_deleted_ends_the_call(livekit: LiveKit) -> None:
    async with a_call(livekit, scripted_models([], ["-"])) as call:
        await call.notes.until(lambda notes: CallerArrived() in notes.all)
        url = livekit.url.replace("ws", "http", 1)
        async with api.LiveKitAPI(url, livekit.key, livekit.secret) as server:
            await server.room.delete_room(api.DeleteRoomRequest(room=call.tokens.room))
        await call.task
        (end,) = call.notes.ends
        assert end.detail == "the room ended: ROOM_DELETED"


async def test_a_room_that_does_not_exist_is_lost_media(livekit: LiveKit) -> None:
    async with fresh_room(livekit.url, livekit.key, livekit.secret) as tokens:
        pass
    notes = Notes()
    await run_call(
        Plan(terms(room_url=livekit.url, room_token=tokens.agent, join_window_s=60.0)),
        PassageDesk(()),
        notes,
        Orders(),
        NoWarm(),  # type: ignore[arg-type]
        build=lambda _route, _access, _warm, _passages, _meter: scripted_models([], ["-"]),
    )
    (end,) = notes.all
    assert isinstance(end, CallEnded)
    assert end.reason is EndReason.MEDIA_LOST
    assert "the room was not joined" in end.detail


async def test_five_callers_who_speak_in_turn_are_all_answered(livekit: LiveKit) -> None:
    one_speaks = asyncio.Lock()
    await asyncio.gather(*(_ask_once(livekit, number, one_speaks) for number in range(5)))


async def _ask_once(livekit: LiveKit, number: int, one_speaks: asyncio.Lock) -> None:
    models = scripted_models([f"question {number}"], [f"Answer {number}."])
    async with a_call(livekit, models, greeting=None) as call:
        await call.notes.until(lambda notes: CallerArrived() in notes.all)
        async with one_speaks:
            await call.caller.say(BRIEFLY)
        await call.notes.until(lambda notes: len(notes.turns) == 1)
        await call.caller.until(lambda caller: bool(caller.first_heard_after(caller.end_s)))
        (turn,) = call.notes.turns
        assert turn.user_transcript == f"question {number}"
        assert turn.agent_response == f"Answer {number}."


def _final_streams(caller: RoomCaller) -> list[str]:
    return [
        text
        for _, attributes, text in caller.streams
        if attributes["lk.transcription_final"] == "true"
    ]


def _has_read(caller: RoomCaller, words: str) -> bool:
    return any(who == AGENT_IDENTITY and words in text for who, _, text, _ in caller.packets)
