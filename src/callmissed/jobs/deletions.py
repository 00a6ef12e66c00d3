"""Deletions are worked off part by part; sessions go when their time is over."""

import asyncio
from uuid import UUID

from procrastinate import App, RetryStrategy

from callmissed.domain.errors import Refusal
from callmissed.runtime.house import House
from callmissed.services import deletions, retention
from callmissed.services.deletions import DELETIONS_QUEUE, RUN_DELETION, Step

# After 2, 4, 8 … 256 s; later the resuming job leaves it again.
RETRIES = RetryStrategy(max_attempts=8, exponential_wait=2, retry_exceptions={Refusal})
WAIT_S = 1.0
EVERY_FIVE_MINUTES = "*/5 * * * *"
EVERY_HOUR = "37 * * * *"


def register_deletions(app: App, house: House) -> None:
    @app.task(name=RUN_DELETION, queue=DELETIONS_QUEUE, retry=RETRIES)
    async def run_deletion(deletion_id: str) -> None:
        while (step := await _advance(house, UUID(deletion_id))) is not Step.DONE:
            if step is Step.WAIT:
                await asyncio.sleep(WAIT_S)

    @app.periodic(cron=EVERY_FIVE_MINUTES)
    @app.task(name="resume_deletions", queue=DELETIONS_QUEUE, queueing_lock="resume_deletions")
    async def resume_deletions(timestamp: int) -> None:
        async with house.database.system() as db:
            await deletions.resume_deletions(db)

    @app.periodic(cron=EVERY_HOUR)
    @app.task(name="expire_sessions", queue=DELETIONS_QUEUE, queueing_lock="expire_sessions")
    async def expire_sessions(timestamp: int) -> None:
        async with house.database.system() as db:
            limited = await retention.list_limited(db)
        for tenant_id, days in limited:
            while await _expire(house, tenant_id, days):
                pass


async def _advance(house: House, deletion_id: UUID) -> Step:
    async with house.database.system() as db:
        return await deletions.advance(db, deletion_id)


async def _expire(house: House, tenant_id: UUID, days: int) -> int:
    async with house.database.system() as db:
        return await retention.expire_sessions(db, tenant_id, days)
