"""Tenants and their people, keys, bots, knowledge, sessions; row-level security on all of them."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
create table tenants (
  id uuid primary key,
  name text not null check (length(name) between 1 and 200),
  plan text not null check (plan in ('free', 'starter', 'pro', 'enterprise')),
  created_at timestamptz not null
);

create table people (
  id uuid primary key,
  email text unique check (email = lower(email)),
  password_hash text,
  created_at timestamptz not null
);

create table memberships (
  tenant_id uuid not null references tenants,
  person_id uuid not null references people,
  role text not null check (role in ('owner', 'admin', 'member', 'attendant')),
  created_at timestamptz not null,
  primary key (tenant_id, person_id)
);
create index memberships_person on memberships (person_id);

create table owner_links (
  id uuid primary key,
  tenant_id uuid not null,
  person_id uuid not null,
  secret_hash bytea not null unique check (length(secret_hash) = 32),
  sealed_secret bytea,
  used_at timestamptz,
  created_at timestamptz not null,
  unique (tenant_id, id),
  foreign key (tenant_id, person_id) references memberships on delete cascade,
  check ((used_at is null) = (sealed_secret is not null))
);

create table refresh_tokens (
  id uuid primary key,
  tenant_id uuid not null,
  person_id uuid not null,
  family_id uuid not null,
  token_hash bytea not null unique check (length(token_hash) = 32),
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null,
  unique (tenant_id, id),
  foreign key (tenant_id, person_id) references memberships on delete cascade
);
create index refresh_tokens_family on refresh_tokens (family_id);
create index refresh_tokens_expiry on refresh_tokens (expires_at);

create table api_keys (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  name text not null,
  masked text not null,
  key_hash bytea not null unique check (length(key_hash) = 32),
  permissions text[] not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null,
  unique (tenant_id, id)
);
create index api_keys_newest on api_keys (tenant_id, created_at desc, id);

create table bots (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  name text not null check (length(name) between 1 and 200),
  type text not null check (type in ('web', 'inbound_call', 'outbound_call', 'ivr', 'whatsapp')),
  published_version integer not null check (published_version >= 1),
  created_at timestamptz not null,
  unique (tenant_id, id)
);
create index bots_newest on bots (tenant_id, created_at desc, id);

create table bot_versions (
  tenant_id uuid not null,
  bot_id uuid not null,
  version integer not null check (version >= 1),
  system_prompt text not null check (length(system_prompt) <= 50000),
  greeting text,
  models jsonb not null,
  knowledge_base_ids uuid[] not null,
  created_at timestamptz not null,
  primary key (bot_id, version),
  unique (tenant_id, bot_id, version),
  foreign key (tenant_id, bot_id) references bots (tenant_id, id) on delete cascade
);

create table knowledge_bases (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null,
  unique (tenant_id, id)
);
create index knowledge_bases_newest on knowledge_bases (tenant_id, created_at desc, id);

create table documents (
  id uuid primary key,
  tenant_id uuid not null,
  knowledge_base_id uuid not null,
  name text not null,
  media_type text not null,
  content text not null,
  content_sha256 bytea not null check (length(content_sha256) = 32),
  created_at timestamptz not null,
  unique (tenant_id, id),
  foreign key (tenant_id, knowledge_base_id)
    references knowledge_bases (tenant_id, id) on delete cascade
);
create index documents_newest on documents (tenant_id, knowledge_base_id, created_at desc, id);

create table passages (
  tenant_id uuid not null,
  document_id uuid not null,
  position integer not null check (position >= 0),
  heading text not null,
  text text not null,
  primary key (document_id, position),
  foreign key (tenant_id, document_id) references documents (tenant_id, id) on delete cascade
);
create index passages_of_tenant on passages (tenant_id, document_id);

create table workers (
  id uuid primary key,
  name text not null,
  address text,
  slots integer not null check (slots >= 0),
  free_slots integer not null check (free_slots >= 0),
  beat_at timestamptz not null,
  steady_since timestamptz not null,
  retired_at timestamptz,
  created_at timestamptz not null
);
create index workers_beat on workers (beat_at);
"""

CALLS = """
create table voice_sessions (
  id uuid primary key,
  tenant_id uuid not null references tenants,
  bot_id uuid,
  bot_version integer,
  status text not null check (status in ('created', 'active', 'completed', 'failed', 'timeout')),
  config jsonb not null,
  request jsonb not null,
  route jsonb not null,
  stt_model text not null,
  llm_model text not null,
  tts_voice text not null,
  room text not null unique,
  metadata jsonb,
  webhook_url text,
  max_duration_s integer not null check (max_duration_s between 30 and 3600),
  started_at timestamptz,
  ended_at timestamptz,
  turn_count integer not null check (turn_count >= 0),
  caller_audio_s double precision not null check (caller_audio_s >= 0),
  agent_audio_s double precision not null check (agent_audio_s >= 0),
  end_reason text check (end_reason in ('api_delete', 'user_left', 'agent_ended', 'transferred',
    'silence', 'insufficient_credits', 'max_duration', 'never_joined', 'error')),
  end_detail text,
  worker_id uuid references workers on delete set null,
  epoch integer not null check (epoch >= 0),
  lease_until timestamptz,
  orphan_since timestamptz,
  orphan_seen_at timestamptz,
  created_at timestamptz not null,
  unique (tenant_id, id),
  foreign key (tenant_id, bot_id) references bots (tenant_id, id),
  check ((status in ('created', 'active')) = (ended_at is null)),
  check ((ended_at is null) = (end_reason is null)),
  check (status <> 'created' or started_at is null),
  check (status <> 'active' or started_at is not null)
);
create index voice_sessions_newest on voice_sessions (tenant_id, created_at desc, id);
create index voice_sessions_newest_of_status
  on voice_sessions (tenant_id, status, created_at desc, id);
create index voice_sessions_open on voice_sessions (created_at, id)
  where status in ('created', 'active');
create index voice_sessions_held on voice_sessions (worker_id)
  where status in ('created', 'active');
create index voice_sessions_of_bot on voice_sessions (tenant_id, bot_id);

create table turns (
  tenant_id uuid not null,
  session_id uuid not null,
  turn_index integer not null check (turn_index >= 0),
  epoch integer not null check (epoch >= 0),
  seq integer not null check (seq >= 0),
  user_transcript text,
  agent_response text not null,
  interrupted boolean not null,
  llm_model text not null,
  language text not null,
  created_at timestamptz not null,
  offset_ms integer not null,
  duration_ms integer not null,
  speech_ms integer not null,
  stt_ms integer,
  endpoint_ms integer,
  retrieval_ms integer,
  first_token_ms integer,
  first_audio_ms integer,
  total_ms integer,
  stop_ms integer,
  llm_attempts integer not null,
  generated text not null,
  sources jsonb not null,
  stages jsonb not null,
  trace jsonb not null,
  primary key (session_id, turn_index),
  unique (session_id, epoch, seq),
  foreign key (tenant_id, session_id) references voice_sessions (tenant_id, id) on delete cascade
);
create index turns_of_tenant on turns (tenant_id, session_id);

create table events (
  id bigint generated always as identity primary key,
  tenant_id uuid not null references tenants,
  type text not null,
  session_id uuid,
  data jsonb not null,
  created_at timestamptz not null,
  unique (tenant_id, id),
  foreign key (tenant_id, session_id) references voice_sessions (tenant_id, id) on delete cascade
);
create index events_of_session on events (tenant_id, session_id);
create unique index events_one_ending on events (session_id)
  where type in ('voice_session.ended', 'voice_session.failed');

create table idempotency_keys (
  tenant_id uuid not null references tenants,
  key text not null check (length(key) between 1 and 255),
  body_hash bytea not null,
  resource_id uuid,
  created_at timestamptz not null,
  primary key (tenant_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);
"""

# What a tenant's transaction may do, table by table; the system door may do everything everywhere.
RIGHTS = {
    "tenants": "select",
    "people": "select",
    "memberships": "select",
    "owner_links": "",
    "refresh_tokens": "",
    "api_keys": "select, insert, update",
    "bots": "select, insert, update, delete",
    "bot_versions": "select, insert, update, delete",
    "knowledge_bases": "select, insert, update, delete",
    "documents": "select, insert, update, delete",
    "passages": "select, insert, update, delete",
    "voice_sessions": "select, insert, update",
    "turns": "select",
    "events": "select, insert",
    "idempotency_keys": "select, insert, update",
}
TENANT = "nullif(current_setting('app.tenant', true), '')::uuid"
COLLEAGUES = "select m.person_id from memberships m where m.tenant_id ="
RULES = {"tenants": f"id = {TENANT}", "people": f"id in ({COLLEAGUES} {TENANT})"}

FREE_SLOTS = """
create function free_slots(silent_s double precision) returns integer
language sql stable security definer set search_path = public, pg_temp as $$
  with living as (
    select w.id, w.slots, w.free_slots from workers w
    where w.retired_at is null and w.beat_at > now() - make_interval(secs => silent_s)
  ), held as (
    select s.worker_id, count(*) as calls from voice_sessions s
    where s.status in ('created', 'active') group by s.worker_id
  ), room as (
    select coalesce(sum(greatest(0, least(l.free_slots, l.slots - coalesce(h.calls, 0)))), 0)
      as slots
    from living l left join held h on h.worker_id = l.id
  ), waiting as (
    select coalesce(sum(h.calls), 0) as calls from held h
    where not exists (select 1 from living l where l.id = h.worker_id)
  )
  select (room.slots - waiting.calls)::integer from room, waiting
$$
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(CALLS)
    op.execute("grant usage on schema public to callmissed_app, callmissed_system")
    for table, rights in RIGHTS.items():
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        rule = RULES.get(table, f"tenant_id = {TENANT}")
        own = f"create policy own_tenant on {table} to callmissed_app"
        op.execute(f"{own} using ({rule}) with check ({rule})")
        every = f"create policy every_tenant on {table} to callmissed_system"
        op.execute(f"{every} using (true) with check (true)")
        if rights:
            op.execute(f"grant {rights} on {table} to callmissed_app")
        op.execute(f"grant select, insert, update, delete on {table} to callmissed_system")
    op.execute("alter table workers enable row level security")
    op.execute("alter table workers force row level security")
    op.execute(
        "create policy every_worker on workers to callmissed_system using (true) with check (true)"
    )
    op.execute("grant select, insert, update, delete on workers to callmissed_system")
    op.execute(FREE_SLOTS)
    op.execute("grant create on schema public to callmissed_system")
    op.execute("alter function free_slots owner to callmissed_system")
    op.execute("revoke create on schema public from callmissed_system")
    op.execute("revoke all on function free_slots from public")
    op.execute("grant execute on function free_slots to callmissed_app, callmissed_system")
