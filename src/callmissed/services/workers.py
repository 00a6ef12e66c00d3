"""Workers: they register, beat, and leave."""

from uuid import UUID

from callmissed.domain.workers import LEASE_S, WORKER_SILENT_S, Capacity, Report, Standing, Worker
from callmissed.services.sessions import SESSIONS_CHANNEL
from callmissed.store import claims, workers
from callmissed.store.jobs import announce
from callmissed.store.system import SystemDb


async def register(db: SystemDb, worker: Worker) -> None:
    """Makes the worker known with all its slots free, or brings it back under the same id. One with
    no slots yet takes no calls.
    """
    await workers.add(db, worker)


async def beat(db: SystemDb, worker_id: UUID, report: Report) -> Standing | None:
    """The worker lives; its leases last `LEASE_S` from now. None when the database does not know it
    (register again).
    """
    is_asked = await workers.beat(db, worker_id, report, silent_s=WORKER_SILENT_S)
    if is_asked is None:
        return None
    holds = await claims.renew_leases(db, worker_id, lease_s=LEASE_S)
    found = await claims.look_at(db, report.running.keys())
    overtaken = {one for one, (epoch, _) in found.items() if epoch > report.running[one]}
    ended = {one: reason for one, (_, reason) in found.items() if reason is not None}
    return Standing(tuple(holds), frozenset(overtaken), ended, is_asked)


async def ask_to_drain(db: SystemDb, name: str | None) -> int:
    """Workers on the host `name` (None: all) take no more calls and leave after their last, within
    a beat; how many were asked.
    """
    return await workers.ask_to_drain(db, name)


async def look(db: SystemDb) -> Capacity:
    """What the workers that beat a moment ago could take."""
    return await workers.look(db, silent_s=WORKER_SILENT_S)


async def retire(db: SystemDb, worker_id: UUID) -> None:
    """The worker takes no more; sessions that it still held can be claimed at once."""
    await workers.retire(db, worker_id)
    for session_id in await claims.release_all(db, worker_id):
        await announce(db, SESSIONS_CHANNEL, str(session_id))
