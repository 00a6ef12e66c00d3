"""Keys that tenants have with providers, and how many sessions draw on one account there."""

from alembic import op

revision = "0040"
down_revision = "0031"

KEYS = """
create table provider_keys (
  tenant_id uuid not null references tenants,
  provider text not null check (length(provider) between 1 and 64),
  sealed_key bytea not null,
  masked text not null,
  base_url text,
  verdict text check (length(verdict) <= 40),
  verified_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, provider)
);
alter table voice_sessions add column accounts text[] not null default '{}';
create index voice_sessions_accounts on voice_sessions using gin (accounts)
  where status in ('created', 'active');
"""

# An account may be the platform's, which sessions of all tenants share: it tells a tenant's
# transaction nothing but the numbers.
COUNT_USERS = """
create function count_users(asked text[]) returns table (account text, sessions integer)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.name, count(s.id)::integer from unnest(asked) as a (name)
  left join voice_sessions s
    on s.accounts @> array[a.name] and s.status in ('created', 'active')
  group by a.name
$$
"""
TENANT = "nullif(current_setting('app.tenant', true), '')::uuid"


def upgrade() -> None:
    op.execute(KEYS)
    op.execute("alter table provider_keys enable row level security")
    op.execute("alter table provider_keys force row level security")
    op.execute(
        f"create policy own_tenant on provider_keys to callmissed_app "
        f"using (tenant_id = {TENANT}) with check (tenant_id = {TENANT})"
    )
    op.execute(
        "create policy every_tenant on provider_keys to callmissed_system "
        "using (true) with check (true)"
    )
    op.execute("grant select, insert, update, delete on provider_keys to callmissed_app")
    op.execute("grant select, insert, update, delete on provider_keys to callmissed_system")
    op.execute(COUNT_USERS)
    op.execute("grant create on schema public to callmissed_system")
    op.execute("alter function count_users owner to callmissed_system")
    op.execute("revoke create on schema public from callmissed_system")
    op.execute("revoke all on function count_users from public")
    op.execute("grant execute on function count_users to callmissed_app, callmissed_system")
