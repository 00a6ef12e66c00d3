"""What passages mean, as vectors of the embedding model of their knowledge base."""

from alembic import op

revision = "0085"
down_revision = "0072"

# A search reads the signs of all passages of its bases, in the index alone, and the vectors of few.
TABLES = """
alter table knowledge_bases add column embedding_model text;
alter table documents
  add column vector_count integer not null default 0 check (vector_count >= 0),
  add column embedding_error text;

create table passage_vectors (
  tenant_id uuid not null,
  knowledge_base_id uuid not null,
  document_id uuid not null,
  position integer not null check (position >= 0),
  model text not null,
  signs bit varying not null,
  vector bytea not null,
  primary key (document_id, position),
  foreign key (tenant_id, document_id) references documents (tenant_id, id) on delete cascade
);
alter table passage_vectors alter column vector set storage external;
create index passage_vectors_of_base on passage_vectors (tenant_id, knowledge_base_id, model)
  include (document_id, position, signs);

alter table passage_vectors enable row level security;
alter table passage_vectors force row level security;
create policy every_tenant on passage_vectors to callmissed_system using (true) with check (true);
grant select, insert, update, delete on passage_vectors to callmissed_app, callmissed_system;
"""
TENANT = "nullif(current_setting('app.tenant', true), '')::uuid"


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(
        "create policy own_tenant on passage_vectors to callmissed_app "
        f"using (tenant_id = {TENANT}) with check (tenant_id = {TENANT})"
    )
