"""The tables of knowledge bases, their documents, and what is found in them."""

from sqlalchemy import BigInteger, Column, Identity, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import BIT, TSVECTOR

from callmissed.store.columns import (
    id_column,
    json,
    metadata,
    moment,
    number,
    tenant_column,
    text,
)

knowledge_bases = Table(
    "knowledge_bases",
    metadata,
    id_column(),
    tenant_column(),
    text("name"),
    moment("created_at", nullable=False),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    text("embedding_model", nullable=True),
)

documents = Table(
    "documents",
    metadata,
    id_column(),
    tenant_column(),
    Column("knowledge_base_id", Uuid, nullable=False),
    text("name"),
    text("media_type"),
    # What the version before `document_files` wrote; nothing reads it.
    text("content", nullable=True),
    Column("content_sha256", LargeBinary, nullable=False),
    text("origin"),
    text("url", nullable=True),
    text("state"),
    number("version"),
    number("published_version", nullable=True),
    number("progress_percent"),
    number("attempts"),
    text("error", nullable=True),
    number("size_bytes"),
    number("passage_count"),
    number("chars"),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
    number("vector_count"),
    text("embedding_error", nullable=True),
)

document_files = Table(
    "document_files",
    metadata,
    tenant_column(),
    Column("document_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("bytes", LargeBinary, nullable=False),
)

passages = Table(
    "passages",
    metadata,
    tenant_column(),
    Column("document_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    text("heading"),
    text("text"),
    number("page", nullable=True),
    number("row_number", nullable=True),
    json("record", nullable=True),
    number("term_count"),
    Column("words", TSVECTOR, nullable=False),
)

base_words = Table(
    "base_words",
    metadata,
    tenant_column(primary_key=True),
    Column("knowledge_base_id", Uuid, primary_key=True),
    Column("word", Text, primary_key=True),
    text("sound"),
    number("holders"),
)

document_words = Table(
    "document_words",
    metadata,
    tenant_column(primary_key=True),
    Column("knowledge_base_id", Uuid, primary_key=True),
    Column("document_id", Uuid, primary_key=True),
    Column("word", Text, primary_key=True),
    text("sound"),
    number("holders"),
)

passage_vectors = Table(
    "passage_vectors",
    metadata,
    tenant_column(),
    Column("knowledge_base_id", Uuid, nullable=False),
    Column("document_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    text("model"),
    Column("signs", BIT(varying=True), nullable=False),
    Column("vector", LargeBinary, nullable=False),
)
