"""What passages mean: which model says so for which base, and the vectors that it gave."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from callmissed.domain.audit import Actor
from callmissed.domain.errors import Kind, Refusal, not_found
from callmissed.domain.knowledge import Semantics
from callmissed.domain.models import Access, Model, Service
from callmissed.kit.directions import Direction
from callmissed.services.audit import record
from callmissed.services.models import list_models
from callmissed.services.provider_keys import Vault, find_owners, open_ways
from callmissed.store import documents, knowledge, vectors
from callmissed.store.jobs import defer
from callmissed.store.rows import OpenDb
from callmissed.store.tenant import TenantDb
from callmissed.store.vectors import Bare

EMBED_DOCUMENT = "embed_document"
EMBEDDINGS_QUEUE = "embeddings"
MAX_BATCH = 256
BEGUN_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Batch:
    """Passages of one version of a document that have no vector yet, and who gives them one."""

    base_id: UUID
    document_id: UUID
    version: int
    model: Model
    access: Access
    passages: tuple[Bare, ...]


async def check_model(db: TenantDb, vault: Vault, model_id: str) -> None:
    """Raises Refusal MODEL_NOT_AVAILABLE, with what would work, for what the tenant cannot reach."""
    ready = await _reachable(db, vault)
    if model_id not in ready:
        hint = f"These work here: {', '.join(ready)}." if ready else _HOW_TO_HAVE_ONE
        raise Refusal(
            Kind.MODEL_NOT_AVAILABLE,
            f"There is no embedding model {model_id[:100]!r} that could be reached.",
            hint,
            param="embedding_model",
        )


async def usual_model(db: TenantDb, vault: Vault) -> str | None:
    """The one that a new base has where none is named: the catalogue's default, if it has one and
    the tenant can reach it.
    """
    usual = vault.catalog.defaults.get(Service.EMBEDDING)
    return usual if usual is not None and usual in await _reachable(db, vault) else None


async def set_model(db: TenantDb, actor: Actor, base_id: UUID, model_id: str | None) -> None:
    """The vectors of another model are gone; those of this one come in the background.

    Raises Refusal NOT_FOUND.
    """
    if not await knowledge.set_model(db, base_id, model_id):
        raise not_found("knowledge base")
    await vectors.forget_base(db, db.tenant_id, base_id)
    details = {"embedding_model": model_id or ""}
    await record(db, db.tenant_id, actor, "knowledge_base.model_set", str(base_id), details)
    if model_id is None:
        return
    waiting = await vectors.list_unembedded_of(db, db.tenant_id, base_id, BEGUN_AT_ONCE)
    for document_id, version in waiting:
        await leave_job(db, db.tenant_id, document_id, version)


async def open_semantics(
    db: OpenDb, vault: Vault, tenant_id: UUID, base_ids: Sequence[UUID]
) -> tuple[Semantics, ...]:
    """By which models these bases are searched by meaning. Keys are open in them; a model that
    cannot be reached any more is left out.
    """
    if not base_ids or not vault.catalog.of(Service.EMBEDDING):
        return ()
    named = await knowledge.models_of(db, tenant_id, base_ids)
    found = {one: vault.catalog.find(Service.EMBEDDING, one) for one in set(named.values())}
    models = [model for model in found.values() if model is not None]
    ways = await open_ways(db, vault, tenant_id, {model.provider for model in models})
    return tuple(
        Semantics(
            model,
            ways[model.provider],
            tuple(base_id for base_id in base_ids if named.get(base_id) == model.id),
        )
        for model in sorted(models, key=lambda model: model.id)
        if model.provider in ways
    )


async def leave_job(db: OpenDb, tenant_id: UUID, document_id: UUID, version: int) -> None:
    """One job a version waits at a time."""
    await defer(
        db,
        EMBED_DOCUMENT,
        queueing_lock=f"{EMBED_DOCUMENT}-{document_id}-{version}",
        queue=EMBEDDINGS_QUEUE,
        tenant_id=str(tenant_id),
        document_id=str(document_id),
        version=version,
    )


async def take_batch(
    db: TenantDb, vault: Vault, document_id: UUID, version: int, limit: int = MAX_BATCH
) -> Batch | None:
    """The next passages; None where nothing is left to do: they all have vectors, the version is
    not what is found any more, or the base has no model. A model that cannot be reached is noted.
    """
    place = await vectors.lock_to_embed(db, db.tenant_id, document_id, version)
    if place is None:
        return None
    base_id, model_id = place
    semantics = await open_semantics(db, vault, db.tenant_id, [base_id])
    if not semantics:
        await note_failure(db, document_id, version, f"{model_id} cannot be reached: no key.")
        return None
    left = await vectors.list_bare(db, db.tenant_id, document_id, limit)
    if not left:
        return None
    (one,) = semantics
    return Batch(base_id, document_id, version, one.model, one.access, tuple(left))


async def keep_batch(db: TenantDb, batch: Batch, directions: Sequence[Direction]) -> bool:
    """One direction for each of the batch's first passages. False, with nothing kept, where the
    version, the model or the document has gone meanwhile.
    """
    place = await vectors.lock_to_embed(db, db.tenant_id, batch.document_id, batch.version)
    if place != (batch.base_id, batch.model.id):
        return False
    still = {
        one.position
        for one in await vectors.list_bare(db, db.tenant_id, batch.document_id, MAX_BATCH)
    }
    rows = [
        (passage.position, direction.signs, direction.packed)
        for passage, direction in zip(batch.passages, directions, strict=False)
        if passage.position in still
    ]
    if rows:
        await vectors.add(db, db.tenant_id, batch.base_id, batch.document_id, batch.model.id, rows)
    return True


async def note_failure(db: TenantDb, document_id: UUID, version: int, error: str) -> None:
    """The document is found by its words alone, for this reason; it is tried again in an hour."""
    document = await documents.find(db, db.tenant_id, document_id)
    if document is not None and document.published_version == version:
        await documents.change_document(db, db.tenant_id, document_id, embedding_error=error[:1000])


async def _reachable(db: TenantDb, vault: Vault) -> list[str]:
    owners = await find_owners(db, vault)
    return [one.id for one in list_models(vault.catalog, Service.EMBEDDING, frozenset(owners))]


_HOW_TO_HAVE_ONE = (
    "There is none here yet: put a key with a provider that serves one, or add a stanza to the "
    "catalogue of this installation."
)
