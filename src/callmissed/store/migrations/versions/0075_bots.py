"""Bots whole: what a version holds beside its prompt, drafts, tools, and what calls asked for."""

from alembic import op

revision = "0075"
down_revision = "0070"

TABLES = """
alter table bots
  add column updated_at timestamptz not null default now(),
  add column deleted_at timestamptz;
create index bots_of_tenant on bots (tenant_id, created_at desc) where deleted_at is null;

alter table bot_versions
  add column more jsonb not null default '{}',
  add column restored_from integer check (restored_from >= 1);

create table bot_drafts (
  tenant_id uuid not null,
  bot_id uuid not null primary key,
  system_prompt text not null check (length(system_prompt) <= 50000),
  greeting text,
  models jsonb not null,
  knowledge_base_ids uuid[] not null,
  more jsonb not null,
  updated_at timestamptz not null,
  foreign key (tenant_id, bot_id) references bots (tenant_id, id) on delete cascade
);
create index bot_drafts_of_tenant on bot_drafts (tenant_id);

create table tools (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  type text not null check (type in ('http', 'mcp')),
  name text not null check (length(name) between 1 and 63),
  form jsonb not null,
  header_names text[] not null,
  sealed_headers bytea not null,
  listed jsonb not null default '[]',
  listed_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (tenant_id, name),
  unique (tenant_id, id)
);

create table call_actions (
  tenant_id uuid not null,
  session_id uuid not null,
  epoch integer not null,
  seq integer not null,
  kind text not null
    check (kind in ('handoff.requested', 'followup.requested', 'details.collected')),
  data jsonb not null,
  state text not null default 'waiting' check (state in ('waiting', 'done', 'failed')),
  created_at timestamptz not null,
  primary key (session_id, epoch, seq),
  foreign key (tenant_id, session_id) references voice_sessions (tenant_id, id) on delete cascade
);
create index call_actions_waiting on call_actions (tenant_id, created_at) where state = 'waiting';
"""
TENANT = "nullif(current_setting('app.tenant', true), '')::uuid"


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("bot_drafts", "tools", "call_actions"):
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(
            f"create policy own_tenant on {table} to callmissed_app "
            f"using (tenant_id = {TENANT}) with check (tenant_id = {TENANT})"
        )
        op.execute(
            f"create policy every_tenant on {table} to callmissed_system "
            "using (true) with check (true)"
        )
        op.execute(f"grant select, insert, update, delete on {table} to callmissed_app")
        op.execute(f"grant select, insert, update, delete on {table} to callmissed_system")
