"""The schema of background jobs: procrastinate's own, as of 3.10, and a door to leave a job
through.
"""

from pathlib import Path

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"

SCHEMA_FILE = Path(__file__).with_name("jobs_3_10.sql")

LEAVE_JOB = """
create function jobs.leave_job(queue text, task text, waiting_lock text, task_args jsonb)
returns bigint language plpgsql security definer set search_path = jobs, pg_temp as $$
begin
  return (procrastinate_defer_jobs_v1(array[
    row(queue, task, 0, null, waiting_lock, task_args, null)::procrastinate_job_to_defer_v1
  ]))[1];
exception when unique_violation then
  return null;
end $$
"""


def upgrade() -> None:
    op.execute("create schema jobs")
    op.execute("set local search_path = jobs, public")
    op.get_bind().exec_driver_sql(SCHEMA_FILE.read_text(encoding="utf-8").replace("%", "%%"))
    op.execute("set local search_path = public")
    op.execute(LEAVE_JOB)
    op.execute("revoke all on all functions in schema jobs from public")
    op.execute("grant usage on schema jobs to callmissed_app, callmissed_system")
    op.execute(
        text("grant execute on function jobs.leave_job to callmissed_app, callmissed_system")
    )
