"""What a key may do and where it comes from; counters of rates; accepted creates."""

from alembic import op

revision = "0020"
down_revision = "0010"

KEYS = """
alter table api_keys
  add column kind text not null default 'secret' check (kind in ('secret', 'publishable')),
  add column allowed_models text[] check (cardinality(allowed_models) > 0),
  add column allowed_domains text[] not null default '{}',
  add column rate_limit_rpm integer check (rate_limit_rpm >= 1),
  add column bot_id uuid,
  add column line_id uuid,
  add column parent_id uuid,
  add column replaced_by uuid,
  add foreign key (tenant_id, bot_id) references bots (tenant_id, id) on delete cascade,
  add foreign key (tenant_id, parent_id) references api_keys (tenant_id, id) on delete cascade,
  add foreign key (tenant_id, replaced_by) references api_keys (tenant_id, id)
    deferrable initially deferred;
-- Row-level security hides the rows from their owner too, unless it is lifted for this statement.
alter table api_keys no force row level security;
update api_keys set line_id = id;
alter table api_keys force row level security;
alter table api_keys
  alter column kind drop default,
  alter column allowed_domains drop default,
  alter column line_id set not null,
  add check ((kind = 'publishable') = (bot_id is not null)),
  add check (kind = 'secret' or cardinality(allowed_domains) > 0),
  add check (name <> '');
create index api_keys_of_parent on api_keys (tenant_id, parent_id);
create index api_keys_of_bot on api_keys (tenant_id, bot_id);
alter table idempotency_keys add column sealed_answer bytea;
"""

# After a crash the counters of the last minute are empty, which lets nobody do more than once.
RATES = """
create unlogged table rates (
  subject text primary key check (length(subject) <= 200),
  full_at timestamptz not null
);
create index rates_full on rates (full_at);
"""

CREATES = """
create table session_creates (
  id bigint generated always as identity primary key,
  tenant_id uuid not null references tenants on delete cascade,
  accepted_at timestamptz not null,
  unique (tenant_id, id)
);
create index session_creates_newest on session_creates (tenant_id, accepted_at);
"""
TENANT = "nullif(current_setting('app.tenant', true), '')::uuid"


def upgrade() -> None:
    for tables in (KEYS, RATES, CREATES):
        op.execute(tables)
    for table in ("rates", "session_creates"):
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(
            f"create policy every_tenant on {table} to callmissed_system "
            "using (true) with check (true)"
        )
        op.execute(f"grant select, insert, update, delete on {table} to callmissed_system")
    op.execute(
        "create policy own_tenant on session_creates to callmissed_app "
        f"using (tenant_id = {TENANT}) with check (tenant_id = {TENANT})"
    )
    op.execute("grant select, insert, delete on session_creates to callmissed_app")
