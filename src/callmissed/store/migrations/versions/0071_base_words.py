"""The words of each base with how many of its passages hold them, ready to be asked on a call."""

from alembic import op

revision = "0071"
down_revision = "0075"

TABLES = """
create table base_words (
  tenant_id uuid not null,
  knowledge_base_id uuid not null,
  word text not null,
  sound text not null,
  holders integer not null check (holders >= 0),
  primary key (tenant_id, knowledge_base_id, word),
  foreign key (tenant_id, knowledge_base_id)
    references knowledge_bases (tenant_id, id) on delete cascade
);
create index base_words_sound on base_words (tenant_id, knowledge_base_id, sound);
"""
TENANT = "nullif(current_setting('app.tenant', true), '')::uuid"
# As the system's role: row-level security hides the rows from the tables' owner.
COUNT = """
set local role callmissed_system;
insert into base_words (tenant_id, knowledge_base_id, word, sound, holders)
  select w.tenant_id, w.knowledge_base_id, w.word, min(w.sound), sum(w.holders)
  from document_words w join knowledge_bases b
    on b.tenant_id = w.tenant_id and b.id = w.knowledge_base_id
  group by w.tenant_id, w.knowledge_base_id, w.word;
reset role;
drop index document_words_sound;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("alter table base_words enable row level security")
    op.execute("alter table base_words force row level security")
    op.execute(
        f"create policy own_tenant on base_words to callmissed_app "
        f"using (tenant_id = {TENANT}) with check (tenant_id = {TENANT})"
    )
    op.execute(
        "create policy every_tenant on base_words to callmissed_system "
        "using (true) with check (true)"
    )
    op.execute("grant select, insert, update, delete on base_words to callmissed_app")
    op.execute("grant select, insert, update, delete on base_words to callmissed_system")
    op.execute(COUNT)
