"""What a call asks of others is a task and an event, once each."""

from callmissed.domain.calls import ActionAsked
from callmissed.domain.tools import Action, ActionKind
from callmissed.services import calls
from callmissed.store.database import Database
from tests.stories import a_claim, a_session, a_tenant, a_worker, rows

ASKED = ActionAsked(Action(ActionKind.FOLLOW_UP, {"channel": "sms", "message": "Hi\x00 there."}))


async def test_a_note_told_twice_asks_once(database: Database) -> None:
    tenant = await a_tenant(database)
    session = await a_session(database, tenant)
    claim = await a_claim(database, await a_worker(database))
    for _ in range(2):
        async with database.system() as db:
            await calls.record_note(db, session.id, claim.epoch, 3, ASKED)
    (task,) = await rows(database, "select kind, data, state from call_actions")
    assert task == ("followup.requested", {"channel": "sms", "message": "Hi there."}, "waiting")
    (event,) = await rows(database, "select data from events where type = 'followup.requested'")
    assert event[0] == task[1]
    async with database.tenant((await a_tenant(database, "Other")).id) as db:
        found = await db.connection.exec_driver_sql("select * from call_actions")
        assert found.all() == []
