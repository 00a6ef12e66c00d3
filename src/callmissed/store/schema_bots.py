"""The tables of bots, their versions and tools, and what calls asked others to do."""

from sqlalchemy import Column, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from callmissed.store.columns import (
    id_column,
    json,
    metadata,
    moment,
    number,
    tenant_column,
    text,
)

bots = Table(
    "bots",
    metadata,
    id_column(),
    tenant_column(),
    text("name"),
    text("type"),
    number("published_version"),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
    moment("deleted_at"),
)

bot_versions = Table(
    "bot_versions",
    metadata,
    tenant_column(),
    Column("bot_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    text("system_prompt"),
    text("greeting", nullable=True),
    json("models"),
    Column("knowledge_base_ids", ARRAY(Uuid), nullable=False),
    json("more"),
    number("restored_from", nullable=True),
    moment("created_at", nullable=False),
)

bot_drafts = Table(
    "bot_drafts",
    metadata,
    tenant_column(),
    Column("bot_id", Uuid, primary_key=True),
    text("system_prompt"),
    text("greeting", nullable=True),
    json("models"),
    Column("knowledge_base_ids", ARRAY(Uuid), nullable=False),
    json("more"),
    moment("updated_at", nullable=False),
)

tools = Table(
    "tools",
    metadata,
    id_column(),
    tenant_column(),
    text("type"),
    text("name"),
    json("form"),
    Column("header_names", ARRAY(Text), nullable=False),
    Column("sealed_headers", LargeBinary, nullable=False),
    json("listed"),
    moment("listed_at"),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
)

call_actions = Table(
    "call_actions",
    metadata,
    tenant_column(),
    Column("session_id", Uuid, primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    text("kind"),
    json("data"),
    text("state"),
    moment("created_at", nullable=False),
)
