"""Sessions are kept as long as their tenant says, and no longer."""

from uuid import UUID

from callmissed.domain.audit import SYSTEM
from callmissed.services.audit import record
from callmissed.store import erasing, tenants
from callmissed.store.system import SystemDb

SESSIONS_A_STEP = 100


async def list_limited(db: SystemDb) -> list[tuple[UUID, int]]:
    """Tenants that keep sessions for a limited time, and for how many days."""
    limited = await tenants.list_with_retention(db)
    return [(one.id, one.retention_days) for one in limited if one.retention_days is not None]


async def expire_sessions(db: SystemDb, tenant_id: UUID, days: int) -> int:
    """Deletes the longest ended of the sessions that ended more than `days` ago, with all that
    hangs on them; how many. Again until 0.
    """
    old = await erasing.find_ended_before(db, tenant_id, days, SESSIONS_A_STEP)
    if not old:
        return 0
    counts = await erasing.erase_sessions(db, tenant_id, old)
    details = {name: str(count) for name, count in counts.items()}
    await record(db, tenant_id, SYSTEM, "voice_sessions.expired", str(tenant_id), details)
    return len(old)
