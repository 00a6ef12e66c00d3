"""Calls through a whole installation: REST, room, worker, transcript."""

import asyncio

from callmissed.domain.sessions import AGENT_IDENTITY, CALLER_IDENTITY
from tests.e2e.caller import Customer, ask, calling, hear_greeting, said, understood
from tests.speech.recordings import Spoken, read_recording, spoken_questions
from tests.transports.room_callers import RoomCaller

QUESTIONS = [question for question in spoken_questions("main") if question.voice == "rms"]
LONG_GREETING = " ".join(
    ["Welcome to the clinic, where somebody talks for a long time before it is your turn."] * 8
)


def question_about(word: str) -> Spoken:
    return next(question for question in QUESTIONS if word in question.text)


async def test_a_question_is_answered_from_the_document(customer: Customer) -> None:
    session = await customer.open_session()
    question = question_about("Saturday")
    async with calling(session) as caller:
        greeting = await hear_greeting(caller)
        answer = await ask(caller, question)
        assert caller.first_heard_after(caller.end_s) is not None
        assert question.is_told_by(answer)
        assert "saturday" in understood(caller)[-1].lower()
        await caller.until(lambda one: len(final_streams(one, AGENT_IDENTITY)) == 2)
        assert final_streams(caller, AGENT_IDENTITY) == [greeting, answer]
        assert final_streams(caller, CALLER_IDENTITY) == understood(caller)
    ended = await customer.end_of(session["id"])
    assert (ended["status"], ended["end_reason"]) == ("completed", "user_left")
    turns = await customer.turns(session["id"])
    assert [turn["agent_response"] for turn in turns] == [greeting, answer]
    assert [turn["user_transcript"] for turn in turns] == [None, *understood(caller)]
    assert ended["turn_count"] == 2
    assert turns[1]["sources"]
    assert sum(turns[1]["stages"].values()) == turns[1]["first_audio_ms"]


async def test_an_interrupted_agent_falls_silent(customer: Customer) -> None:
    session = await customer.open_session(greeting=LONG_GREETING)
    question = question_about("park")
    async with calling(session) as caller:
        await caller.until(lambda one: one.first_heard_after(0.0) is not None)
        await caller.say(read_recording(question.path))
        assert caller.last_heard() < caller.end_s
        await caller.until(lambda one: len(said(one)) == 2)
        assert question.is_told_by(said(caller)[1])
    await customer.end_of(session["id"])
    greeting, answer = await customer.turns(session["id"])
    assert greeting["interrupted"]
    assert LONG_GREETING.startswith(greeting["agent_response"])
    assert len(greeting["agent_response"]) < len(LONG_GREETING) / 2
    assert greeting["agent_response"] == said(caller)[0]
    assert not answer["interrupted"]


async def test_five_rooms_in_one_process_are_all_answered(
    customer_of_one_process: Customer,
) -> None:
    customer, floor = customer_of_one_process, asyncio.Lock()

    async def call(question: Spoken) -> None:
        session = await customer.open_session()
        async with calling(session) as caller:
            await hear_greeting(caller)
            async with floor:
                await caller.say(read_recording(question.path))
            await caller.until(lambda one: len(said(one)) > 1, 60)
            assert question.is_told_by(said(caller)[1])

    async with asyncio.TaskGroup() as group:
        for question in QUESTIONS[:5]:
            group.create_task(call(question))


def final_streams(caller: RoomCaller, identity: str) -> list[str]:
    """The final texts that came as `lk.transcription` streams."""
    return [
        text
        for who, attributes, text in caller.streams
        if who == identity and attributes["lk.transcription_final"] == "true"
    ]
