"""Workers: they register, beat, and leave."""

from uuid import UUID

from callmissed.domain.workers import LEASE_S, WORKER_SILENT_S, Worker
from callmissed.store import claims, workers
from callmissed.store.jobs import announce
from callmissed.store.system import SystemDb

SESSIONS_CHANNEL = "callmissed_sessions"


async def register(db: SystemDb, worker: Worker) -> None:
    """Makes the worker known with all its slots free, or brings it back under the same id."""
    await workers.add(db, worker)


async def beat(db: SystemDb, worker_id: UUID, free_slots: int) -> bool:
    """The worker lives and could take `free_slots` more calls; its leases last `LEASE_S` from now.

    False when the database does not know it (register again).
    """
    if not await workers.beat(db, worker_id, free_slots, silent_s=WORKER_SILENT_S):
        return False
    await claims.renew_leases(db, worker_id, lease_s=LEASE_S)
    return True


async def count_live(db: SystemDb) -> int:
    """How many workers beat a moment ago."""
    return await workers.count_live(db, silent_s=WORKER_SILENT_S)


async def retire(db: SystemDb, worker_id: UUID) -> None:
    """The worker takes no more; sessions that it still held can be claimed at once."""
    await workers.retire(db, worker_id)
    for session_id in await claims.release_all(db, worker_id):
        await announce(db, SESSIONS_CHANNEL, str(session_id))
