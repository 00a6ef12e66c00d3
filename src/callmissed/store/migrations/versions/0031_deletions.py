"""Suspension, retention, and deletions that are worked off part by part."""

from alembic import op

revision = "0031"
down_revision = "0020"

TABLES = """
alter table tenants
  add column suspended_at timestamptz,
  add column retention_days integer check (retention_days between 1 and 3650);

create table deletions (
  id uuid primary key,
  tenant_id uuid,
  kind text not null check (kind in ('tenant', 'session', 'phone_number')),
  subject text,
  subject_hash bytea not null check (length(subject_hash) = 32),
  scanned_to uuid,
  counts jsonb not null,
  created_at timestamptz not null,
  finished_at timestamptz,
  check (finished_at is null or subject is null),
  check (finished_at is not null or tenant_id is not null)
);
create index deletions_newest on deletions (tenant_id, created_at desc, id);
create index deletions_open on deletions (created_at) where finished_at is null;
create index voice_sessions_ended on voice_sessions (tenant_id, ended_at);
"""

# Whoever runs deletions has no rights on the jobs themselves: waiting and finished jobs that name
# one of `names` in their arguments go, except those that have yet to close a room. Those that run
# are counted.
FORGET_JOBS = """
create function jobs.forget_jobs(names text[], out forgotten integer, out running integer)
language plpgsql security definer set search_path = jobs, pg_temp as $$
begin
  delete from procrastinate_jobs j
  where j.status <> 'doing'
    and not (j.status = 'todo' and j.task_name = 'delete_room')
    and exists (select 1 from jsonb_each_text(j.args) a where a.value = any(names));
  get diagnostics forgotten = row_count;
  select count(*) into running from procrastinate_jobs j
  where j.status = 'doing' and j.task_name <> 'delete_room'
    and exists (select 1 from jsonb_each_text(j.args) a where a.value = any(names));
end $$
"""
TENANT = "nullif(current_setting('app.tenant', true), '')::uuid"


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("grant update (name, retention_days) on tenants to callmissed_app")
    op.execute("alter table deletions enable row level security")
    op.execute("alter table deletions force row level security")
    op.execute(
        f"create policy own_tenant on deletions to callmissed_app "
        f"using (tenant_id = {TENANT}) with check (tenant_id = {TENANT})"
    )
    op.execute(
        "create policy every_tenant on deletions to callmissed_system "
        "using (true) with check (true)"
    )
    op.execute("grant select, insert on deletions to callmissed_app")
    # A tombstone is never deleted.
    op.execute("grant select, insert, update on deletions to callmissed_system")
    op.execute(FORGET_JOBS)
    op.execute("revoke all on function jobs.forget_jobs from public")
    op.execute("grant execute on function jobs.forget_jobs to callmissed_system")
