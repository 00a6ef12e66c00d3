"""Jobs whose process died are tried again, but not for ever: one may be what kills it."""

import structlog
from procrastinate import App
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status

from callmissed.jobs.sweeps import SWEEPS_QUEUE

EVERY_FIVE_SECONDS = "* * * * * */5"
SILENT_S = 10.0
MOST_ATTEMPTS = 5

log = structlog.get_logger("callmissed.jobs.stalled")


def register_stalled(app: App) -> None:
    @app.periodic(cron=EVERY_FIVE_SECONDS)
    @app.task(name="retry_stalled", queue=SWEEPS_QUEUE, queueing_lock="retry_stalled")
    async def retry_stalled(timestamp: int) -> None:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_S):
            await _revive(app, job)


async def _revive(app: App, job: Job) -> None:
    if job.attempts >= MOST_ATTEMPTS:
        log.error("job_given_up", task=job.task_name, attempts=job.attempts)
        await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
        return
    try:
        await app.job_manager.retry_job(job)
    except UniqueViolation:
        # Its successor waits already: the queueing lock is taken.
        await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
