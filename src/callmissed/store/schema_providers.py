"""The table of tenants' own keys with providers."""

from sqlalchemy import Column, LargeBinary, Table, Text

from callmissed.store.columns import metadata, moment, tenant_column, text

provider_keys = Table(
    "provider_keys",
    metadata,
    tenant_column(primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("sealed_key", LargeBinary, nullable=False),
    text("masked"),
    text("base_url", nullable=True),
    text("verdict", nullable=True),
    moment("verified_at"),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
)
