"""The table of what passages mean, as vectors of embedding models."""

from sqlalchemy import Column, Integer, LargeBinary, Table, Uuid
from sqlalchemy.dialects.postgresql import BIT

from callmissed.store.columns import metadata, tenant_column, text

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
