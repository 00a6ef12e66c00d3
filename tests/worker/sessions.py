"""Sessions in a real database whose calls follow a script; see `scripted_child`."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from callmissed.domain.keyring import Keyring
from callmissed.domain.sessions import Session, SessionRequest
from callmissed.domain.turns import StoredTurn
from callmissed.domain.workers import Claim, Worker
from callmissed.services import calls, sessions, tenants, workers
from callmissed.store.database import Database
from tests.worker.terms import local_route

KEYRING = Keyring(api_keys=b"a" * 32, access_jwt=b"b" * 32, refresh=b"c" * 32, sealing=b"d" * 32)


@dataclass(frozen=True, slots=True)
class Stage:
    """A tenant that can open sessions."""

    database: Database
    tenant_id: UUID

    async def open_session(self, script: str, room: str | None = None) -> UUID:
        """Raises Refusal AT_CAPACITY where no registered worker has a free slot."""
        async with self.database.tenant(self.tenant_id) as db:
            request = scripted_request(script)
            room = room or f"voice-{uuid4().hex}"
            return (await sessions.create_session(db, request, local_route(), room)).id

    async def claimed_session(self, script: str) -> Claim:
        """A new session, held by a worker of its own that does not beat."""
        worker = Worker(uuid4(), "stage", slots=1)
        async with self.database.system() as db:
            await workers.register(db, worker)
        session_id = await self.open_session(script)
        async with self.database.system() as db:
            [claim] = await calls.claim_sessions(db, worker.id, 1)
        assert claim.session_id == session_id
        return claim

    async def session(self, session_id: UUID) -> Session:
        async with self.database.tenant(self.tenant_id) as db:
            return await sessions.get_session(db, session_id)

    async def turns(self, session_id: UUID) -> list[StoredTurn]:
        async with self.database.tenant(self.tenant_id) as db:
            return await sessions.read_turns(db, session_id)


async def open_stage(database: Database) -> Stage:
    async with database.system() as db:
        tenant_id, _ = await tenants.create_tenant(db, KEYRING, "Stage")
    return Stage(database, tenant_id)


def scripted_request(script: str) -> SessionRequest:
    return SessionRequest(
        bot_id=None,
        system_prompt=script,
        voice="slt",
        language="en-IN",
        llm_model="local/answerer",
        stt_model="local/pocketsphinx",
        tts_model="local/flite",
        tts_provider="local",
        tts_language=None,
        max_duration_seconds=300,
        webhook_url=None,
        metadata=None,
        greeting=None,
        greeting_given=True,
        variables={},
        turn_taking="balanced",
    )
