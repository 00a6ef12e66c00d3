"""Data of a call that still runs, deleted: the call ends, and its words are on no disk."""

import asyncio

from tests.e2e.caller import POLL_S, SESSIONS, Customer, ask, calling, hear_greeting
from tests.e2e.test_first_call import question_about
from tests.servers import Installation

PATIENCE_S = 30


async def test_a_running_calls_data_goes_with_its_journal(
    customer: Customer, installation: Installation
) -> None:
    session = await customer.open_session()
    journals = installation.data_dir / "journals"
    async with calling(session) as caller:
        await hear_greeting(caller)
        await ask(caller, question_about("Saturday"))
        assert list(journals.rglob(f"{session['id']}*"))
        put_out = asyncio.Event()
        caller.room.on("disconnected", lambda _reason: put_out.set())
        asked = await customer.client.post("/v1/data-deletions", json={"session_id": session["id"]})
        path = f"/v1/data-deletions/{asked.raise_for_status().json()['id']}"
        async with asyncio.timeout(PATIENCE_S):
            while (done := (await customer.client.get(path)).json())["status"] != "finished":
                await asyncio.sleep(POLL_S)
            await put_out.wait()
            while list(journals.rglob(f"{session['id']}*")):
                await asyncio.sleep(POLL_S)
    assert done["counts"]["voice_sessions"] == 1
    assert (await customer.client.get(f"{SESSIONS}/{session['id']}")).status_code == 404
