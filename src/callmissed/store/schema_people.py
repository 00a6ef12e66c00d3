"""The tables of people and of how they sign in; `schema` has them all."""

from sqlalchemy import Column, LargeBinary, Table, Uuid

from callmissed.store.columns import id_column, metadata, moment, number, tenant_column, text

people = Table(
    "people",
    metadata,
    id_column(),
    text("email", nullable=True),
    text("password_hash", nullable=True),
    moment("created_at", nullable=False),
)

memberships = Table(
    "memberships",
    metadata,
    tenant_column(primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    text("role"),
    moment("created_at", nullable=False),
    moment("used_at"),
)

owner_links = Table(
    "owner_links",
    metadata,
    id_column(),
    tenant_column(),
    Column("person_id", Uuid, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("sealed_secret", LargeBinary),
    moment("used_at"),
    moment("created_at", nullable=False),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    id_column(),
    tenant_column(),
    Column("person_id", Uuid, nullable=False),
    Column("sign_in_id", Uuid, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    moment("expires_at", nullable=False),
    moment("used_at"),
    moment("created_at", nullable=False),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    id_column(),
    Column("person_id", Uuid, nullable=False),
    text("user_agent"),
    moment("created_at", nullable=False),
    moment("used_at", nullable=False),
    moment("expires_at", nullable=False),
)

invites = Table(
    "invites",
    metadata,
    id_column(),
    tenant_column(),
    text("email"),
    text("role"),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("invited_by", Uuid),
    moment("expires_at", nullable=False),
    moment("created_at", nullable=False),
)

password_resets = Table(
    "password_resets",
    metadata,
    id_column(),
    Column("person_id", Uuid, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    moment("expires_at", nullable=False),
    moment("created_at", nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    text("kind"),
    Column("subject_hash", LargeBinary, nullable=False),
    number("count"),
    moment("until", nullable=False),
)

mails = Table(
    "mails",
    metadata,
    id_column(),
    Column("tenant_id", Uuid),
    Column("sealed", LargeBinary, nullable=False),
    moment("created_at", nullable=False),
)
