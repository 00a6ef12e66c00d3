"""Calls outlive what runs them: real processes are killed and frozen under real callers."""

import asyncio
import os
import signal

from callmissed.domain.prompts import BRIDGES
from tests.e2e.caller import POLL_S, Customer, Json, ask, calling, hear_greeting, is_listening, said
from tests.e2e.processes import call_process_of, media_server, worker_processes
from tests.e2e.test_first_call import question_about
from tests.servers import Installation
from tests.transports.room_callers import RoomCaller

PATIENCE_S = 60.0
BRIDGE = BRIDGES["en"]


async def process_of(installation: Installation, session: Json) -> int:
    """The call process that writes the session's journal."""
    async with asyncio.timeout(PATIENCE_S):
        while (pid := call_process_of(installation.process.pid, session["id"])) is None:
            await asyncio.sleep(POLL_S)
    return pid


async def hear_bridge(caller: RoomCaller) -> None:
    await caller.until(lambda one: BRIDGE in said(one) and is_listening(one), PATIENCE_S)


async def are_kept(customer: Customer, session: Json, turns: int) -> None:
    """Returns when so many turns are kept: what was only just said may die with its process."""
    await customer.until(session["id"], lambda one: one["turn_count"] >= turns)


async def test_a_call_goes_on_when_its_process_dies(
    installation: Installation, customer: Customer
) -> None:
    session = await customer.open_session()
    async with calling(session) as caller:
        greeting = await hear_greeting(caller)
        first = await ask(caller, question_about("Saturday"))
        await are_kept(customer, session, 2)
        os.kill(await process_of(installation, session), signal.SIGKILL)
        await hear_bridge(caller)
        question = question_about("address")
        second = await ask(caller, question)
        assert question.is_told_by(second)
    ended = await customer.end_of(session["id"])
    assert (ended["status"], ended["end_reason"]) == ("completed", "user_left")
    turns = await customer.turns(session["id"])
    assert [turn["agent_response"] for turn in turns] == [greeting, first, BRIDGE, second]
    assert [turn["turn_index"] for turn in turns] == [0, 1, 2, 3]


async def test_a_call_goes_on_when_its_process_is_frozen(
    installation: Installation, customer: Customer
) -> None:
    session = await customer.open_session()
    async with calling(session) as caller:
        greeting = await hear_greeting(caller)
        await are_kept(customer, session, 1)
        os.kill(await process_of(installation, session), signal.SIGSTOP)
        await hear_bridge(caller)
        question = question_about("Saturday")
        answer = await ask(caller, question)
        assert question.is_told_by(answer)
    await customer.end_of(session["id"])
    turns = await customer.turns(session["id"])
    assert [turn["agent_response"] for turn in turns] == [greeting, BRIDGE, answer]


async def test_a_call_goes_on_when_its_worker_dies(
    installation: Installation, customer: Customer
) -> None:
    session = await customer.open_session()
    async with calling(session) as caller:
        greeting = await hear_greeting(caller)
        await are_kept(customer, session, 1)
        os.kill(worker_processes(installation.process.pid)[0], signal.SIGKILL)
        await hear_bridge(caller)
        question = question_about("Saturday")
        assert question.is_told_by(await ask(caller, question))
    await customer.end_of(session["id"])
    turns = await customer.turns(session["id"])
    assert [turn["agent_response"] for turn in turns][:2] == [greeting, BRIDGE]


async def test_a_call_goes_on_when_the_media_server_dies(
    installation: Installation, customer: Customer
) -> None:
    session = await customer.open_session()
    async with calling(session) as caller:
        greeting = await hear_greeting(caller)
        os.kill(media_server(installation.process.pid), signal.SIGKILL)
        await hear_bridge(caller)
        question = question_about("Saturday")
        answer = await ask(caller, question)
        assert question.is_told_by(answer)
    ended = await customer.end_of(session["id"])
    assert (ended["status"], ended["end_reason"]) == ("completed", "user_left")
    turns = await customer.turns(session["id"])
    assert [turn["agent_response"] for turn in turns] == [greeting, BRIDGE, answer]
