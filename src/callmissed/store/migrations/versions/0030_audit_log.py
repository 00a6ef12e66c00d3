"""The audit log: rows that a tenant's transaction adds and reads, and nobody changes."""

from alembic import op

revision = "0030"
down_revision = "0002"

TABLE = """
create table audit_log (
  id bigint generated always as identity primary key,
  tenant_id uuid not null references tenants,
  actor_kind text not null check (actor_kind in ('person', 'key', 'system')),
  actor_id uuid,
  action text not null check (length(action) between 1 and 100),
  target text not null check (length(target) <= 400),
  details jsonb not null,
  request_id text,
  address text,
  created_at timestamptz not null,
  unique (tenant_id, id),
  check ((actor_kind = 'system') = (actor_id is null))
);
create index audit_log_of_action on audit_log (tenant_id, action, id);
create index audit_log_of_actor on audit_log (tenant_id, actor_id, id);
"""
TENANT = "nullif(current_setting('app.tenant', true), '')::uuid"


def upgrade() -> None:
    op.execute(TABLE)
    op.execute("alter table audit_log enable row level security")
    op.execute("alter table audit_log force row level security")
    op.execute(
        f"create policy own_tenant on audit_log to callmissed_app "
        f"using (tenant_id = {TENANT}) with check (tenant_id = {TENANT})"
    )
    op.execute(
        "create policy every_tenant on audit_log to callmissed_system "
        "using (true) with check (true)"
    )
    op.execute("grant select, insert on audit_log to callmissed_app")
    # Deleted only with its whole tenant.
    op.execute("grant select, insert, delete on audit_log to callmissed_system")
