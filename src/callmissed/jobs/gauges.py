"""How far the queues of background jobs are behind, as metrics."""

import asyncio

import structlog
from procrastinate import App
from procrastinate.exceptions import ConnectorException

from callmissed.runtime.metrics import Board

LOOK_EVERY_S = 5.0

# What waits for a later moment, as a retry, is not late.
_WAITING = """
select job.queue_name as queue, count(*) as waiting,
       max(extract(epoch from now() - greatest(job.scheduled_at, event.at)))::float as oldest_s
from procrastinate_jobs job
join procrastinate_events event on event.job_id = job.id and event.type = 'deferred'
where job.status = 'todo' and (job.scheduled_at is null or job.scheduled_at <= now())
group by job.queue_name
"""

log = structlog.get_logger("callmissed.jobs.gauges")


class QueueMetrics:
    """What lies in the queues, of every process that works on them."""

    def __init__(self, board: Board) -> None:
        self._waiting = board.show("jobs_waiting", "Jobs that are due and not begun.", "queue")
        self._oldest_s = board.show(
            "jobs_lag_seconds", "How long the oldest of them waits.", "queue"
        )
        self._known: set[str] = set()

    async def look_on(self, app: App) -> None:
        """Looks every `LOOK_EVERY_S` for ever; what the database does not tell stays as it was."""
        while True:
            try:
                await self.look(app)
            except ConnectorException as error:
                log.warning("queues_not_seen", kind=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self, app: App) -> None:
        """Raises ConnectorException while the database is away."""
        rows = await app.connector.execute_query_all_async(_WAITING)
        found = {row["queue"]: row for row in rows}
        self._known |= {task.queue for task in app.tasks.values()} | found.keys()
        for queue in self._known:
            row = found.get(queue, {"waiting": 0, "oldest_s": 0.0})
            self._waiting.labels(queue).set(row["waiting"])
            self._oldest_s.labels(queue).set(row["oldest_s"])
