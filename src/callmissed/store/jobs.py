"""Deferring background work in the transaction of the fact that it follows."""

from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from callmissed.store.rows import OpenDb, fetch_value

# Made by the revision of procrastinate's schema; it runs with the rights of the schema's owner, so
# that a tenant's transaction may leave a job and read none.
_DEFER = text("select jobs.leave_job(:queue, :task, :queueing_lock, :args)").bindparams(
    bindparam("args", type_=JSONB)
)


async def defer(
    db: OpenDb,
    task_name: str,
    queueing_lock: str | None = None,
    queue: str = "default",
    **args: Any,
) -> int | None:
    """Leaves a job for `callmissed jobs`; it starts when this transaction commits, and never if it
    does not.

    Returns its id, or None where a job with the same `queueing_lock` waits already.
    """
    job_id: int | None = await fetch_value(
        db,
        _DEFER,
        {"queue": queue, "task": task_name, "queueing_lock": queueing_lock, "args": args},
    )
    return job_id


async def announce(db: OpenDb, channel: str, payload: str) -> None:
    """NOTIFY, heard when this transaction commits."""
    await db.connection.execute(
        text("select pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload}
    )
