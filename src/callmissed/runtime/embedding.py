"""Gives the passages of one document their vectors, batch by batch."""

from uuid import UUID

import structlog

from callmissed.domain.errors import Kind, Refusal
from callmissed.providers.openai.embeddings import Embedder, EmbeddingError
from callmissed.runtime.house import House
from callmissed.services import embedding
from callmissed.services.embedding import Batch

RETRY_AFTER_S = 30

log = structlog.get_logger("callmissed.runtime.embedding")


async def embed_document(house: House, tenant_id: UUID, document_id: UUID, version: int) -> None:
    """Afterwards every passage of this version has a vector, or the document says why not; again and
    again does no harm.

    Raises Refusal: UNAVAILABLE while the database does not answer, PROVIDER_UNAVAILABLE while the
    model does not. What was kept before stays.
    """
    while True:
        async with house.database.tenant(tenant_id) as db:
            batch = await embedding.take_batch(db, house.vault, document_id, version)
        if batch is None or not await _embed(house, tenant_id, batch):
            return


async def _embed(house: House, tenant_id: UUID, batch: Batch) -> bool:
    """False where there is no more to do."""
    session = house.connections.session_of(batch.access)
    embedder = Embedder(batch.model, batch.access, session)
    taken = batch.passages[: embedder.batch]
    texts = [f"{one.heading}\n{one.text}" for one in taken]
    try:
        embedded = await embedder.embed_passages(texts)
    except EmbeddingError as error:
        message = f"{batch.model.id}: {error.message}"
        async with house.database.tenant(tenant_id) as db:
            await embedding.note_failure(db, batch.document_id, batch.version, message)
        log.warning("document_not_embedded", document_id=str(batch.document_id))
        if error.is_passing:
            raise Refusal(
                Kind.PROVIDER_UNAVAILABLE,
                "The embedding model does not answer.",
                "It is asked again.",
                retry_after_s=RETRY_AFTER_S,
            ) from error
        return False
    async with house.database.tenant(tenant_id) as db:
        return await embedding.keep_batch(db, batch, embedded.directions)
