"""Deadlines that hold when nobody else keeps them, and old rows that go."""

import structlog
from procrastinate import App

from callmissed.domain.errors import Refusal
from callmissed.runtime.house import House
from callmissed.services.sweeps import delete_expired, end_overdue

SWEEPS_QUEUE = "sweeps"
EVERY_TWO_SECONDS = "* * * * * */2"
EVERY_HOUR = "17 * * * *"
JOBS_KEPT_H = 72

log = structlog.get_logger("callmissed.jobs.sweeps")


def register_sweeps(app: App, house: House) -> None:
    @app.periodic(cron=EVERY_TWO_SECONDS)
    @app.task(name="sweep_deadlines", queue=SWEEPS_QUEUE, queueing_lock="sweep_deadlines")
    async def sweep_deadlines(timestamp: int) -> None:
        try:
            async with house.database.system() as db:
                ended = await end_overdue(db)
        except Refusal as refusal:
            # The next one comes in two seconds.
            log.warning("sweep_skipped", reason=refusal.kind.value)
            return
        if ended:
            log.info("sessions_ended_by_sweep", count=ended)

    @app.periodic(cron=EVERY_HOUR)
    @app.task(name="delete_expired", queue=SWEEPS_QUEUE, queueing_lock="delete_expired")
    async def delete_expired_rows(timestamp: int) -> None:
        async with house.database.system() as db:
            await delete_expired(db)
        await app.job_manager.delete_old_jobs(
            nb_hours=JOBS_KEPT_H, include_failed=True, include_cancelled=True, include_aborted=True
        )
