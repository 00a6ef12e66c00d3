"""The process that runs background jobs."""

import asyncio
import contextlib
import signal

import psycopg
import structlog
from procrastinate import App
from procrastinate.exceptions import ConnectorException

from callmissed.jobs.app import build_app
from callmissed.jobs.gauges import QueueMetrics
from callmissed.runtime.house import House, open_house
from callmissed.runtime.metrics import Board, serve_metrics
from callmissed.runtime.settings import Settings
from callmissed.services.documents import DOCUMENTS_QUEUE
from callmissed.services.embedding import EMBEDDINGS_QUEUE

CONCURRENCY = 10
READINGS_AT_ONCE = 1
EMBEDDINGS_AT_ONCE = 2
HEARTBEAT_S = 2.0
STALLED_S = 10.0
POLL_S = 2.0
GRACEFUL_S = 10.0
RECONNECT_WAIT_S = 1.0

log = structlog.get_logger("callmissed.jobs")


def run(settings: Settings) -> None:
    """Runs jobs until SIGTERM or SIGINT; those under way get `GRACEFUL_S` to end."""
    asyncio.run(_run_until_signal(settings))


async def run_jobs(house: House, board: Board | None = None) -> None:
    """Runs jobs until cancelled, also through outages of the database; how the queues do stands on
    `board`.
    """
    queues = QueueMetrics(board or Board("jobs"))
    while True:
        app = build_app(house)
        try:
            await app.open_async()
            await _run_workers(app, queues)
        except (ConnectorException, psycopg.OperationalError):
            _stop_if_cancelled()
        finally:
            # Also after an opening that was cut short: the pool's own tasks would keep the loop.
            await app.close_async()
        log.warning("database_lost", retry_in_s=RECONNECT_WAIT_S)
        await asyncio.sleep(RECONNECT_WAIT_S)


async def _run_workers(app: App, queues: QueueMetrics) -> None:
    """One for all that is quick, and one for each of what takes long: reading documents, and waiting
    for embedding models; when one ends, all end.
    """
    slow = {DOCUMENTS_QUEUE: READINGS_AT_ONCE, EMBEDDINGS_QUEUE: EMBEDDINGS_AT_ONCE}
    quick = {task.queue for task in app.tasks.values()} - slow.keys()
    workers = [
        asyncio.ensure_future(_run_worker(app, sorted(quick), CONCURRENCY)),
        *(asyncio.ensure_future(_run_worker(app, [one], limit)) for one, limit in slow.items()),
    ]
    looking = asyncio.ensure_future(queues.look_on(app))
    try:
        done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
        for worker in done:
            worker.result()
    finally:
        for task in (*workers, looking):
            task.cancel()
        await asyncio.gather(*workers, looking, return_exceptions=True)


async def _run_worker(app: App, queues: list[str], concurrency: int) -> None:
    await app.run_worker_async(
        queues=queues,
        concurrency=concurrency,
        install_signal_handlers=False,
        shutdown_graceful_timeout=GRACEFUL_S,
        delete_jobs="successful",
        fetch_job_polling_interval=POLL_S,
        update_heartbeat_interval=HEARTBEAT_S,
        stalled_worker_timeout=STALLED_S,
    )


def _stop_if_cancelled() -> None:
    """A worker that is cancelled during an outage fails to sign off, and its error hides the
    cancellation.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _run_until_signal(settings: Settings) -> None:
    board = Board("jobs")
    port = settings.metrics_port_of("jobs")
    async with (
        open_house(settings) as house,
        serve_metrics(board, settings.metrics_host, port),
    ):
        running = asyncio.create_task(run_jobs(house, board))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, running.cancel)
        log.info("jobs_started")
        with contextlib.suppress(asyncio.CancelledError):
            await running
        log.info("jobs_stopped")
