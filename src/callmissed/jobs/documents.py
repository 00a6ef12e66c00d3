"""Documents are read in a queue of their own, one after the other, so that nothing waits for them, and
embedded in another, which waits for models.
"""

from uuid import UUID

from procrastinate import App, RetryStrategy

from callmissed.domain.errors import Refusal
from callmissed.jobs.sweeps import SWEEPS_QUEUE
from callmissed.runtime.embedding import embed_document
from callmissed.runtime.house import House
from callmissed.runtime.reading import read_document
from callmissed.services.documents import DOCUMENTS_QUEUE, READ_DOCUMENT
from callmissed.services.embedding import EMBED_DOCUMENT, EMBEDDINGS_QUEUE
from callmissed.services.ingest import resume_embeddings, resume_readings

# After 2, 4, 8 … 256 s; later the resuming job leaves it again.
RETRIES = RetryStrategy(max_attempts=8, exponential_wait=2, retry_exceptions={Refusal})
EVERY_MINUTE = "* * * * *"


def register_documents(app: App, house: House) -> None:
    @app.task(name=READ_DOCUMENT, queue=DOCUMENTS_QUEUE, retry=RETRIES)
    async def read(tenant_id: str, document_id: str, version: int) -> None:
        await read_document(house, UUID(tenant_id), UUID(document_id), version)

    @app.task(name=EMBED_DOCUMENT, queue=EMBEDDINGS_QUEUE, retry=RETRIES)
    async def embed(tenant_id: str, document_id: str, version: int) -> None:
        await embed_document(house, UUID(tenant_id), UUID(document_id), version)

    @app.periodic(cron=EVERY_MINUTE)
    @app.task(name="resume_readings", queue=SWEEPS_QUEUE, queueing_lock="resume_readings")
    async def resume(timestamp: int) -> None:
        async with house.database.system() as db:
            await resume_readings(db)
            await resume_embeddings(db)
