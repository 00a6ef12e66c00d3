"""The clock of a host beside that of the database, by which everything is stored."""

from datetime import timedelta

from callmissed.kit.clock import Clock
from callmissed.store.rows import OpenDb, read_clock

# Less than that is the way to the database and back.
CLOCKS_AGREE_S = 1.0


async def measure_lead(db: OpenDb, clock: Clock) -> timedelta:
    """How far the database's clock is ahead of `clock`; nothing where the two agree."""
    lead = await read_clock(db) - clock.now()
    return lead if abs(lead.total_seconds()) > CLOCKS_AGREE_S else timedelta()
