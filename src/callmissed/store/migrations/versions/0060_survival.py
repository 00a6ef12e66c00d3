"""Calls outlive their processes: what workers tell of themselves, and the end of a lost media
server.
"""

from alembic import op

revision = "0060"
down_revision = "0040"

# Columns come with defaults and the list of ends only grows, so that the last version runs on.
WORKERS = """
alter table workers
  add column lag_ms double precision not null default 0,
  add column drain_asked_at timestamptz
"""
END_REASONS = """
alter table voice_sessions
  drop constraint voice_sessions_end_reason_check,
  add constraint voice_sessions_end_reason_check check (end_reason in ('api_delete', 'user_left',
    'agent_ended', 'transferred', 'silence', 'insufficient_credits', 'max_duration',
    'never_joined', 'media_lost', 'error'))
"""


def upgrade() -> None:
    op.execute(WORKERS)
    op.execute(END_REASONS)
