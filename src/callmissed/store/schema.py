"""The tables as the queries name them; made and changed by the revisions in `migrations`."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Identity,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from callmissed.store import schema_bots, schema_knowledge, schema_people, schema_providers
from callmissed.store.columns import (
    id_column,
    json,
    metadata,
    moment,
    number,
    tenant_column,
    text,
)

# Written where they have room.
bots = schema_bots.bots
bot_versions = schema_bots.bot_versions
bot_drafts = schema_bots.bot_drafts
tools = schema_bots.tools
call_actions = schema_bots.call_actions
knowledge_bases = schema_knowledge.knowledge_bases
documents = schema_knowledge.documents
document_files = schema_knowledge.document_files
passages = schema_knowledge.passages
document_words = schema_knowledge.document_words
base_words = schema_knowledge.base_words
passage_vectors = schema_knowledge.passage_vectors
people = schema_people.people
memberships = schema_people.memberships
owner_links = schema_people.owner_links
refresh_tokens = schema_people.refresh_tokens
sign_ins = schema_people.sign_ins
invites = schema_people.invites
password_resets = schema_people.password_resets
attempts = schema_people.attempts
mails = schema_people.mails
provider_keys = schema_providers.provider_keys

tenants = Table(
    "tenants",
    metadata,
    id_column(),
    text("name"),
    text("plan"),
    number("retention_days", nullable=True),
    moment("suspended_at"),
    moment("created_at", nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    id_column(),
    tenant_column(),
    text("name"),
    text("masked"),
    Column("key_hash", LargeBinary, nullable=False),
    Column("permissions", ARRAY(Text), nullable=False),
    text("kind"),
    Column("allowed_models", ARRAY(Text)),
    Column("allowed_domains", ARRAY(Text), nullable=False),
    number("rate_limit_rpm", nullable=True),
    Column("bot_id", Uuid),
    Column("line_id", Uuid, nullable=False),
    Column("parent_id", Uuid),
    Column("replaced_by", Uuid),
    moment("expires_at"),
    moment("revoked_at"),
    moment("last_used_at"),
    moment("created_at", nullable=False),
)

voice_sessions = Table(
    "voice_sessions",
    metadata,
    id_column(),
    tenant_column(),
    Column("bot_id", Uuid),
    number("bot_version", nullable=True),
    text("status"),
    json("config"),
    json("request"),
    json("route"),
    text("stt_model"),
    text("llm_model"),
    text("tts_voice"),
    text("room"),
    json("metadata", nullable=True),
    text("webhook_url", nullable=True),
    number("max_duration_s"),
    moment("started_at"),
    moment("ended_at"),
    number("turn_count"),
    Column("caller_audio_s", Double, nullable=False),
    Column("agent_audio_s", Double, nullable=False),
    text("end_reason", nullable=True),
    text("end_detail", nullable=True),
    Column("worker_id", Uuid),
    number("epoch"),
    moment("lease_until"),
    moment("orphan_since"),
    moment("orphan_seen_at"),
    Column("accounts", ARRAY(Text), nullable=False),
    json("usage"),
    moment("created_at", nullable=False),
)

turns = Table(
    "turns",
    metadata,
    tenant_column(),
    Column("session_id", Uuid, primary_key=True),
    Column("turn_index", Integer, primary_key=True, autoincrement=False),
    number("epoch"),
    number("seq"),
    text("user_transcript", nullable=True),
    text("agent_response"),
    Column("interrupted", Boolean, nullable=False),
    text("llm_model"),
    text("language"),
    moment("created_at", nullable=False),
    number("offset_ms"),
    number("duration_ms"),
    number("speech_ms"),
    *(
        number(name, nullable=True)
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
    number("llm_attempts"),
    text("generated"),
    json("sources"),
    json("stages"),
    json("trace"),
    json("usage"),
)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    tenant_column(),
    text("type"),
    Column("session_id", Uuid),
    json("data"),
    moment("created_at", nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    tenant_column(primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("resource_id", Uuid),
    Column("sealed_answer", LargeBinary),
    moment("created_at", nullable=False),
)

workers = Table(
    "workers",
    metadata,
    id_column(),
    text("name"),
    text("address", nullable=True),
    number("slots"),
    number("free_slots"),
    moment("beat_at", nullable=False),
    moment("steady_since", nullable=False),
    Column("lag_ms", Double, nullable=False),
    moment("drain_asked_at"),
    moment("retired_at"),
    moment("created_at", nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    tenant_column(),
    text("actor_kind"),
    Column("actor_id", Uuid),
    text("action"),
    text("target"),
    json("details"),
    text("request_id", nullable=True),
    text("address", nullable=True),
    moment("created_at", nullable=False),
)

deletions = Table(
    "deletions",
    metadata,
    id_column(),
    Column("tenant_id", Uuid),
    text("kind"),
    text("subject", nullable=True),
    Column("subject_hash", LargeBinary, nullable=False),
    Column("scanned_to", Uuid),
    json("counts"),
    moment("created_at", nullable=False),
    moment("finished_at"),
)

rates = Table(
    "rates",
    metadata,
    Column("subject", Text, primary_key=True),
    moment("full_at", nullable=False),
)

session_creates = Table(
    "session_creates",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    tenant_column(),
    moment("accepted_at", nullable=False),
)
