"""Documents with their bytes, state and versions; passages with words to be found by."""

from alembic import op

revision = "0070"
down_revision = "0050"

TABLES = """
alter table knowledge_bases add column number bigint generated always as identity unique;

alter table documents
  add column origin text not null default 'text' check (origin in ('upload', 'text', 'url')),
  add column url text,
  add column state text not null default 'waiting'
    check (state in ('waiting', 'reading', 'indexed', 'failed')),
  add column version integer not null default 1 check (version >= 1),
  add column published_version integer check (published_version >= 1),
  add column progress_percent integer not null default 0
    check (progress_percent between 0 and 100),
  add column attempts integer not null default 0 check (attempts >= 0),
  add column error text,
  add column size_bytes integer not null default 0 check (size_bytes >= 0),
  add column passage_count integer not null default 0 check (passage_count >= 0),
  add column chars integer not null default 0 check (chars >= 0),
  add column updated_at timestamptz not null default now();
create unique index documents_name on documents (tenant_id, knowledge_base_id, name);
create index documents_open on documents (updated_at) where state in ('waiting', 'reading');

create table document_files (
  tenant_id uuid not null,
  document_id uuid not null,
  version integer not null check (version >= 1),
  part integer not null check (part >= 0),
  bytes bytea not null,
  primary key (document_id, version, part),
  foreign key (tenant_id, document_id) references documents (tenant_id, id) on delete cascade
);
create index document_files_of_tenant on document_files (tenant_id, document_id);

alter table passages
  add column page integer check (page >= 1),
  add column row_number integer check (row_number >= 1),
  add column record jsonb,
  add column term_count integer not null default 0 check (term_count >= 0),
  add column words tsvector not null default '';
create index passages_words on passages using gin (words) with (fastupdate = off);

create table document_words (
  tenant_id uuid not null,
  knowledge_base_id uuid not null,
  document_id uuid not null,
  word text not null,
  sound text not null,
  holders integer not null check (holders >= 1),
  primary key (tenant_id, knowledge_base_id, word, document_id),
  foreign key (tenant_id, document_id) references documents (tenant_id, id) on delete cascade
);
create index document_words_sound on document_words (tenant_id, knowledge_base_id, sound);
create index document_words_of_document on document_words (tenant_id, document_id);
"""
TENANT = "nullif(current_setting('app.tenant', true), '')::uuid"
# As the system's role: row-level security hides the rows from the tables' owner. The column stays for
# the version before this one, which may still run beside it and fills it; a later revision drops it.
MOVE = """
set local role callmissed_system;
insert into document_files (tenant_id, document_id, version, part, bytes)
  select tenant_id, id, 1, 0, convert_to(content, 'UTF8') from documents;
update documents d set published_version = 1, size_bytes = octet_length(content),
  passage_count = (select count(*) from passages p where p.document_id = d.id),
  chars = (select coalesce(sum(length(p.text) + length(p.heading)), 0) from passages p
    where p.document_id = d.id);
reset role;
alter table documents alter column content drop not null;
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("document_files", "document_words"):
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
    op.execute(MOVE)
