"""The clock of a host beside that of the database, by which everything is stored."""

from datetime import timedelta

from callmissed.kit.clock import Clock
from callmissed.store.rows import OpenDb, read_clock

CLOCKS_AGREE = timedelta(seconds=1)


async def measure_lead(db: OpenDb, clock: Clock) -> timedelta:
    """How far the database's clock is ahead of `clock`; nothing where the two agree, as far as can
    be told over a way that takes its time.
    """
    asked = clock.now()
    told = await read_clock(db)
    took = clock.now() - asked
    lead = told - (asked + took / 2)
    return lead if abs(lead) > CLOCKS_AGREE + took else timedelta()
