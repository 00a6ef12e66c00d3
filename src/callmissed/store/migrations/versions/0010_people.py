"""Sign-ins, invitations, password resets, counted attempts, mails that wait to be sent."""

from alembic import op

revision = "0010"
down_revision = "0030"

TABLES = """
alter table memberships add column used_at timestamptz;

create table sign_ins (
  id uuid primary key,
  person_id uuid not null references people on delete cascade,
  user_agent text not null check (length(user_agent) <= 300),
  created_at timestamptz not null,
  used_at timestamptz not null,
  expires_at timestamptz not null
);
create index sign_ins_of_person on sign_ins (person_id, used_at desc);
create index sign_ins_expiry on sign_ins (expires_at);

-- Row-level security hides the rows from their owner too, unless it is lifted for this statement.
alter table refresh_tokens no force row level security;
insert into sign_ins
  select family_id, (array_agg(person_id))[1], '', min(created_at), max(created_at), max(expires_at)
  from refresh_tokens group by family_id;
alter table refresh_tokens force row level security;
alter table refresh_tokens rename column family_id to sign_in_id;
alter table refresh_tokens
  add foreign key (sign_in_id) references sign_ins on delete cascade;
alter index refresh_tokens_family rename to refresh_tokens_of_sign_in;

create table invites (
  id uuid primary key,
  tenant_id uuid not null references tenants on delete cascade,
  email text not null check (email = lower(email)),
  role text not null check (role in ('owner', 'admin', 'member', 'attendant')),
  secret_hash bytea not null unique check (length(secret_hash) = 32),
  invited_by uuid,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  unique (tenant_id, id),
  unique (tenant_id, email),
  foreign key (tenant_id, invited_by) references memberships on delete cascade
);
create index invites_newest on invites (tenant_id, created_at desc, id);
create index invites_by on invites (tenant_id, invited_by);
create index invites_expiry on invites (expires_at);

create table password_resets (
  id uuid primary key,
  person_id uuid not null references people on delete cascade,
  secret_hash bytea not null unique check (length(secret_hash) = 32),
  expires_at timestamptz not null,
  created_at timestamptz not null
);
create index password_resets_of_person on password_resets (person_id);
create index password_resets_expiry on password_resets (expires_at);

create table attempts (
  kind text not null,
  subject_hash bytea not null check (length(subject_hash) = 32),
  count integer not null check (count >= 0),
  until timestamptz not null,
  primary key (kind, subject_hash)
);
create index attempts_age on attempts (until);

create table mails (
  id uuid primary key,
  tenant_id uuid references tenants on delete cascade,
  sealed bytea not null,
  created_at timestamptz not null
);
create index mails_of_tenant on mails (tenant_id);
create index mails_age on mails (created_at);
"""
TENANT = "nullif(current_setting('app.tenant', true), '')::uuid"
SYSTEM_ONLY = ("sign_ins", "password_resets", "attempts")


def upgrade() -> None:
    op.execute(TABLES)
    for table in (*SYSTEM_ONLY, "invites", "mails"):
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        every = f"create policy every_tenant on {table} to callmissed_system"
        op.execute(f"{every} using (true) with check (true)")
        op.execute(f"grant select, insert, update, delete on {table} to callmissed_system")
    for table in ("invites", "mails"):
        own = f"create policy own_tenant on {table} to callmissed_app"
        rule = f"tenant_id = {TENANT}"
        op.execute(f"{own} using ({rule}) with check ({rule})")
    op.execute("grant select, insert, delete on invites to callmissed_app")
    op.execute("grant insert on mails to callmissed_app")
    op.execute("grant update (role), delete on memberships to callmissed_app")
    # Colleagues are seen, the hashes of their passwords are not.
    op.execute("revoke select on people from callmissed_app")
    op.execute("grant select (id, email, created_at) on people to callmissed_app")
