"""What the models delivered, for each turn and for the whole call."""

from alembic import op

revision = "0050"
down_revision = "0060"

TABLES = """
alter table turns add column usage jsonb not null default '[]';
alter table voice_sessions add column usage jsonb not null default '[]';
"""


def upgrade() -> None:
    op.execute(TABLES)
