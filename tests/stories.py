"""What tests of the store and services begin with: a tenant, a worker, a session."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from callmissed.domain.keyring import Keyring
from callmissed.domain.models import Model, ModelStatus, Route, Service
from callmissed.domain.sessions import Session, SessionRequest
from callmissed.domain.turns import Source, Turn
from callmissed.domain.workers import Claim, Worker
from callmissed.providers.catalog import load_catalog
from callmissed.services import calls, sessions, workers
from callmissed.services.provider_keys import Vault
from callmissed.services.tenants import create_tenant
from callmissed.store.database import Database

KEYRING = Keyring(b"k" * 32, b"j" * 32, b"r" * 32, b"s" * 32)
VAULT = Vault(load_catalog(), {}, KEYRING.sealing)

REQUEST = SessionRequest(
    bot_id=None,
    system_prompt=None,
    voice="shubh",
    language="en-IN",
    llm_model="kimi-k2.5",
    stt_model="saaras:v3",
    tts_model="bulbul:v3",
    tts_provider="sarvam",
    tts_language=None,
    max_duration_seconds=300,
    webhook_url=None,
    metadata=None,
    greeting=None,
    greeting_given=False,
    variables={},
    turn_taking="balanced",
)


def a_model(service: Service, model_id: str) -> Model:
    return Model(model_id, service, "local", model_id, ModelStatus.AVAILABLE, ("en",))


ROUTE = Route(
    stt=a_model(Service.STT, "local/pocketsphinx"),
    llm=a_model(Service.LLM, "local/answerer"),
    tts=a_model(Service.TTS, "local/flite"),
    voice="slt",
    language="en-IN",
    tts_language="en-IN",
)


@dataclass(frozen=True, slots=True)
class Tenant:
    id: UUID
    key: str


async def a_tenant(database: Database, name: str = "Acme") -> Tenant:
    async with database.system() as db:
        return Tenant(*await create_tenant(db, KEYRING, name))


async def a_worker(database: Database, slots: int = 8) -> Worker:
    worker = Worker(uuid4(), "host-1", slots)
    async with database.system() as db:
        await workers.register(db, worker)
    return worker


async def a_session(database: Database, tenant: Tenant, **changes: Any) -> Session:
    """Stored past admission: there may be no worker."""
    request = replace(REQUEST, **changes)
    async with database.tenant(tenant.id) as db:
        return await sessions.store_session(db, request, ROUTE, f"voice-{uuid4().hex}")


async def a_claim(database: Database, worker: Worker) -> Claim:
    async with database.system() as db:
        (claim,) = await calls.claim_sessions(db, worker.id, 1)
    return claim


async def a_later_claim(database: Database, holder: Worker) -> Claim:
    """The next epoch of the holder's one session: it retires, and another worker claims."""
    async with database.system() as db:
        await workers.retire(db, holder.id)
    return await a_claim(database, await a_worker(database))


def a_turn(words: str = "What does it cost?", **changes: Any) -> Turn:
    turn = Turn(
        user_transcript=words,
        agent_response="500 rupees.",
        interrupted=False,
        llm_model="local/answerer",
        language="en-IN",
        created_at=datetime(2026, 4, 19, 12, 0, 0, 123000, tzinfo=UTC),
        offset_ms=4000,
        duration_ms=2500,
        speech_ms=1100,
        stt_ms=120,
        endpoint_ms=300,
        retrieval_ms=2,
        first_token_ms=310,
        first_audio_ms=420,
        total_ms=1900,
        generated="500 rupees. More words.",
        sources=(Source("clinic.md", "Prices", 3.5),),
        stages={"endpoint": 300, "llm": 10, "tts": 110},
        trace={"partials": 4},
    )
    return replace(turn, **changes)


async def shift(database: Database, table: str, column: str, seconds: float) -> None:
    """Moves a time column of every row; for deadlines that nobody wants to wait for."""
    async with database.system() as db:
        statement = f"update {table} set {column} = {column} + make_interval(secs => :s)"
        await db.connection.execute(text(statement), {"s": seconds})


async def rows(database: Database, query: str) -> list[Any]:
    async with database.system() as db:
        return list((await db.connection.execute(text(query))).all())
