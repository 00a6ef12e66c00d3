"""The tables as the queries name them; made and changed by the revisions in `migrations`."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()


def _id() -> Column[object]:
    return Column("id", Uuid, primary_key=True)


def _tenant(*, primary_key: bool = False) -> Column[object]:
    return Column("tenant_id", Uuid, nullable=False, primary_key=primary_key)


def _moment(name: str, *, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Text, nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Integer, nullable=nullable)


def _json(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, JSONB(none_as_null=True), nullable=nullable)


tenants = Table(
    "tenants", metadata, _id(), _text("name"), _text("plan"), _moment("created_at", nullable=False)
)

people = Table(
    "people",
    metadata,
    _id(),
    _text("email", nullable=True),
    _text("password_hash", nullable=True),
    _moment("created_at", nullable=False),
)

memberships = Table(
    "memberships",
    metadata,
    _tenant(primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    _text("role"),
    _moment("created_at", nullable=False),
    _moment("used_at"),
)

owner_links = Table(
    "owner_links",
    metadata,
    _id(),
    _tenant(),
    Column("person_id", Uuid, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("sealed_secret", LargeBinary),
    _moment("used_at"),
    _moment("created_at", nullable=False),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    _id(),
    _tenant(),
    Column("person_id", Uuid, nullable=False),
    Column("sign_in_id", Uuid, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    _moment("expires_at", nullable=False),
    _moment("used_at"),
    _moment("created_at", nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    _id(),
    _tenant(),
    _text("name"),
    _text("masked"),
    Column("key_hash", LargeBinary, nullable=False),
    Column("permissions", ARRAY(Text), nullable=False),
    _moment("expires_at"),
    _moment("revoked_at"),
    _moment("last_used_at"),
    _moment("created_at", nullable=False),
)

bots = Table(
    "bots",
    metadata,
    _id(),
    _tenant(),
    _text("name"),
    _text("type"),
    _number("published_version"),
    _moment("created_at", nullable=False),
)

bot_versions = Table(
    "bot_versions",
    metadata,
    _tenant(),
    Column("bot_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _text("system_prompt"),
    _text("greeting", nullable=True),
    _json("models"),
    Column("knowledge_base_ids", ARRAY(Uuid), nullable=False),
    _moment("created_at", nullable=False),
)

knowledge_bases = Table(
    "knowledge_bases",
    metadata,
    _id(),
    _tenant(),
    _text("name"),
    _moment("created_at", nullable=False),
)

documents = Table(
    "documents",
    metadata,
    _id(),
    _tenant(),
    Column("knowledge_base_id", Uuid, nullable=False),
    _text("name"),
    _text("media_type"),
    _text("content"),
    Column("content_sha256", LargeBinary, nullable=False),
    _moment("created_at", nullable=False),
)

passages = Table(
    "passages",
    metadata,
    _tenant(),
    Column("document_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _text("heading"),
    _text("text"),
)

voice_sessions = Table(
    "voice_sessions",
    metadata,
    _id(),
    _tenant(),
    Column("bot_id", Uuid),
    _number("bot_version", nullable=True),
    _text("status"),
    _json("config"),
    _json("request"),
    _json("route"),
    _text("stt_model"),
    _text("llm_model"),
    _text("tts_voice"),
    _text("room"),
    _json("metadata", nullable=True),
    _text("webhook_url", nullable=True),
    _number("max_duration_s"),
    _moment("started_at"),
    _moment("ended_at"),
    _number("turn_count"),
    Column("caller_audio_s", Double, nullable=False),
    Column("agent_audio_s", Double, nullable=False),
    _text("end_reason", nullable=True),
    _text("end_detail", nullable=True),
    Column("worker_id", Uuid),
    _number("epoch"),
    _moment("lease_until"),
    _moment("orphan_since"),
    _moment("orphan_seen_at"),
    _moment("created_at", nullable=False),
)

turns = Table(
    "turns",
    metadata,
    _tenant(),
    Column("session_id", Uuid, primary_key=True),
    Column("turn_index", Integer, primary_key=True, autoincrement=False),
    _number("epoch"),
    _number("seq"),
    _text("user_transcript", nullable=True),
    _text("agent_response"),
    Column("interrupted", Boolean, nullable=False),
    _text("llm_model"),
    _text("language"),
    _moment("created_at", nullable=False),
    _number("offset_ms"),
    _number("duration_ms"),
    _number("speech_ms"),
    *(
        _number(name, nullable=True)
        for name in (
            "stt_ms",
            "endpoint_ms",
            "retrieval_ms",
            "first_token_ms",
            "first_audio_ms",
            "total_ms",
            "stop_ms",
        )
    ),
    _number("llm_attempts"),
    _text("generated"),
    _json("sources"),
    _json("stages"),
    _json("trace"),
)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _tenant(),
    _text("type"),
    Column("session_id", Uuid),
    _json("data"),
    _moment("created_at", nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    _tenant(primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("resource_id", Uuid),
    _moment("created_at", nullable=False),
)

workers = Table(
    "workers",
    metadata,
    _id(),
    _text("name"),
    _text("address", nullable=True),
    _number("slots"),
    _number("free_slots"),
    _moment("beat_at", nullable=False),
    _moment("steady_since", nullable=False),
    _moment("retired_at"),
    _moment("created_at", nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _tenant(),
    _text("actor_kind"),
    Column("actor_id", Uuid),
    _text("action"),
    _text("target"),
    _json("details"),
    _text("request_id", nullable=True),
    _text("address", nullable=True),
    _moment("created_at", nullable=False),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    _id(),
    Column("person_id", Uuid, nullable=False),
    _text("user_agent"),
    _moment("created_at", nullable=False),
    _moment("used_at", nullable=False),
    _moment("expires_at", nullable=False),
)

invites = Table(
    "invites",
    metadata,
    _id(),
    _tenant(),
    _text("email"),
    _text("role"),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("invited_by", Uuid),
    _moment("expires_at", nullable=False),
    _moment("created_at", nullable=False),
)

password_resets = Table(
    "password_resets",
    metadata,
    _id(),
    Column("person_id", Uuid, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    _moment("expires_at", nullable=False),
    _moment("created_at", nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    _text("kind"),
    Column("subject_hash", LargeBinary, nullable=False),
    _number("count"),
    _moment("until", nullable=False),
)

mails = Table(
    "mails",
    metadata,
    _id(),
    Column("tenant_id", Uuid),
    Column("sealed", LargeBinary, nullable=False),
    _moment("created_at", nullable=False),
)
