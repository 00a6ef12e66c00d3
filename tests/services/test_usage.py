"""What models delivered is kept with each turn and each run of a call, once."""

from dataclasses import replace

from callmissed.domain.calls import CallEnded, TurnFinished
from callmissed.domain.models import Service
from callmissed.domain.sessions import EndReason
from callmissed.domain.usage import Measure, Usage, add_up
from callmissed.services import calls, sessions
from callmissed.store.database import Database
from callmissed.store.usage import read_usages
from tests.stories import VAULT, a_claim, a_session, a_tenant, a_turn, a_worker, rows

HEARD = Usage(Service.STT, "saaras:v3", Measure.AUDIO_MS, 2400)
ASKED = Usage(Service.LLM, "kimi-k2.5", Measure.OUTPUT_TOKENS, 31, served_by="kimi", is_guess=True)
SPOKEN = Usage(Service.TTS, "bulbul:v3", Measure.CHARACTERS, 57)


async def test_a_note_that_comes_twice_counts_once(database: Database) -> None:
    tenant = await a_tenant(database)
    worker = await a_worker(database)
    session = await a_session(database, tenant)
    claim = await a_claim(database, worker)
    turn = TurnFinished(a_turn(usage=(HEARD, ASKED, SPOKEN)))
    end = CallEnded(EndReason.USER_LEFT, 12.5, 7.25, usage=(HEARD, SPOKEN))
    for _ in range(2):
        async with database.system() as db:
            await calls.record_note(db, session.id, claim.epoch, 0, turn)
            await calls.record_note(db, session.id, claim.epoch, 1, end)
    async with database.tenant(tenant.id) as db:
        (stored,) = await sessions.read_turns(db, session.id)
    assert stored.turn.usage == (HEARD, ASKED, SPOKEN)
    (row,) = await rows(database, "select usage from voice_sessions")
    (run,) = row.usage
    assert (run["epoch"], run["seq"]) == (claim.epoch, 1)
    assert read_usages(run["usage"]) == (HEARD, SPOKEN)


async def test_what_is_said_about_the_caller_is_private(database: Database) -> None:
    tenant = await a_tenant(database)
    await a_session(database, tenant, variables={"name": "Priya", "order": "A-17"})
    claim = await a_claim(database, await a_worker(database))
    async with database.system() as db:
        terms = await calls.load_terms(db, VAULT, claim)
    assert set(terms.private_words) == {"Priya", "A-17"}


def test_deliveries_of_one_kind_are_added_up() -> None:
    assert add_up([HEARD, SPOKEN, HEARD, replace(ASKED, amount=0)]) == (
        replace(HEARD, amount=4800),
        SPOKEN,
    )
