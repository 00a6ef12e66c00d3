"""How calls end, and what an ended one still allows: nothing."""

import asyncio
import os
import signal
import sys

from livekit import rtc

from callmissed.domain.prompts import BRIDGES
from tests.e2e.caller import Customer, ask, calling, hear_greeting, said
from tests.e2e.processes import call_processes
from tests.e2e.test_first_call import LONG_GREETING, question_about
from tests.servers import Installation


async def test_a_deleted_session_ends_in_mid_sentence(customer: Customer) -> None:
    session = await customer.open_session(greeting=LONG_GREETING)
    async with calling(session) as caller:
        await caller.until(lambda one: one.first_heard_after(0.0) is not None)
        put_out = asyncio.Event()
        caller.room.on("disconnected", lambda _reason: put_out.set())
        await customer.delete_session(session["id"])
        ended = await customer.session(session["id"])
        assert (ended["status"], ended["end_reason"]) == ("completed", "api_delete")
        async with asyncio.timeout(20):
            await put_out.wait()
    await customer.until(session["id"], lambda one: one["turn_count"] == 1)
    [turn] = await customer.turns(session["id"])
    assert LONG_GREETING.startswith(turn["agent_response"])
    assert len(turn["agent_response"]) < len(LONG_GREETING)


async def test_the_token_of_an_ended_session_starts_nothing(customer: Customer) -> None:
    session = await customer.open_session()
    async with calling(session) as caller:
        await hear_greeting(caller)
    ended = await customer.end_of(session["id"])
    await until_refused(session["ws_url"], session["token"])
    assert await customer.session(session["id"]) == ended
    assert len(await customer.turns(session["id"])) == 1


async def test_a_token_that_was_never_used_dies_with_its_session(customer: Customer) -> None:
    session = await customer.open_session()
    await customer.delete_session(session["id"])
    await until_refused(session["ws_url"], session["token"])
    assert await customer.turns(session["id"]) == []


async def test_a_caller_who_was_cut_off_comes_back_into_the_same_call(customer: Customer) -> None:
    session = await customer.open_session()
    lost = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.e2e.caller",
        session["ws_url"],
        session["token"],
        stdout=asyncio.subprocess.PIPE,
    )
    assert lost.stdout is not None
    assert await lost.stdout.readline() == b"joined\n"
    await customer.until(session["id"], lambda one: one["turn_count"] == 1)
    lost.kill()
    await lost.wait()
    question = question_about("address")
    async with calling(session) as caller:
        await caller.until(lambda one: one.room.remote_participants != {})
        answer = await ask(caller, question)
        assert said(caller) == [answer]
        assert question.is_told_by(answer)
        assert (await customer.session(session["id"]))["status"] == "active"
    ended = await customer.end_of(session["id"])
    assert ended["end_reason"] == "user_left"
    assert ended["turn_count"] == 2


async def test_the_only_call_process_that_dies_comes_back_to_its_call(
    one_process: Installation, customer_of_one_process: Customer
) -> None:
    customer = customer_of_one_process
    session = await customer.open_session()
    async with calling(session) as caller:
        greeting = await hear_greeting(caller)
        [pid] = call_processes(one_process.process.pid)
        os.kill(pid, signal.SIGKILL)
        await caller.until(lambda one: BRIDGES["en"] in said(one), 60)
    ended = await customer.end_of(session["id"])
    assert (ended["status"], ended["end_reason"]) == ("completed", "user_left")
    turns = await customer.turns(session["id"])
    assert [turn["agent_response"] for turn in turns][:2] == [greeting, BRIDGES["en"]]


async def until_refused(url: str, token: str) -> None:
    """Returns when the room is gone and the token lets nobody in."""
    async with asyncio.timeout(20):
        while True:
            room = rtc.Room()
            try:
                await room.connect(url, token)
            except rtc.ConnectError:
                return
            await room.disconnect()
