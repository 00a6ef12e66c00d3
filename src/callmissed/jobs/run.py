"""The process that runs background jobs."""

import asyncio
import contextlib
import signal

import psycopg
import structlog
from procrastinate.exceptions import ConnectorException

from callmissed.jobs.app import build_app
from callmissed.runtime.house import House, open_house
from callmissed.runtime.settings import Settings

CONCURRENCY = 10
HEARTBEAT_S = 2.0
STALLED_S = 10.0
POLL_S = 2.0
GRACEFUL_S = 10.0
RECONNECT_WAIT_S = 1.0

log = structlog.get_logger("callmissed.jobs")


def run(settings: Settings) -> None:
    """Runs jobs until SIGTERM or SIGINT; those under way get `GRACEFUL_S` to end."""
    asyncio.run(_run_until_signal(settings))


async def run_jobs(house: House) -> None:
    """Runs jobs until cancelled, also through outages of the database."""
    while True:
        app = build_app(house)
        try:
            await app.open_async()
            await app.run_worker_async(
                concurrency=CONCURRENCY,
                install_signal_handlers=False,
                shutdown_graceful_timeout=GRACEFUL_S,
                delete_jobs="successful",
                fetch_job_polling_interval=POLL_S,
                update_heartbeat_interval=HEARTBEAT_S,
                stalled_worker_timeout=STALLED_S,
            )
        except (ConnectorException, psycopg.OperationalError):
            _stop_if_cancelled()
        finally:
            # Also after an opening that was cut short: the pool's own tasks would keep the loop.
            await app.close_async()
        log.warning("database_lost", retry_in_s=RECONNECT_WAIT_S)
        await asyncio.sleep(RECONNECT_WAIT_S)


def _stop_if_cancelled() -> None:
    """A worker that is cancelled during an outage fails to sign off, and its error hides the
    cancellation.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _run_until_signal(settings: Settings) -> None:
    async with open_house(settings) as house:
        running = asyncio.create_task(run_jobs(house))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, running.cancel)
        log.info("jobs_started")
        with contextlib.suppress(asyncio.CancelledError):
            await running
        log.info("jobs_stopped")
