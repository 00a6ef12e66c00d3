"""`/v1/knowledge-bases`: what agents may answer from, and what would be found in it."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status
from pydantic import BaseModel, ConfigDict, Field

from callmissed.api.idempotency import IdempotencyKey, claim_of
from callmissed.api.routes import (
    SIGNED,
    WITH_BODY,
    CurrentHouse,
    CurrentPrincipal,
    TenantTransaction,
    guarded_router,
    refusals,
)
from callmissed.api.session_forms import Moment
from callmissed.domain.audit import actor_of
from callmissed.domain.errors import Kind
from callmissed.domain.knowledge import Found, KnowledgeBase
from callmissed.services import embedding, idempotency, knowledge

MAX_OFFSET = 2**53
MAX_NAME_CHARS = 200
MAX_QUESTION_CHARS = 2000
READ_KINDS = (*SIGNED, Kind.INVALID_VALUE, Kind.NOT_FOUND)

router = guarded_router("knowledge")

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS, pattern=r"\S")]
ModelId = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]


class KnowledgeBaseIn(BaseModel):
    """A knowledge base as it is made."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    embedding_model: ModelId | None = Field(
        None,
        description="Passages are also found by what they mean to this model, which is sent them; "
        "null: by their words only. Left out: the catalogue's default, where it has one.",
    )


class KnowledgeBasePatch(BaseModel):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    embedding_model: ModelId | None = Field(
        None, description="Another one embeds every document anew; null forgets all vectors."
    )


class KnowledgeBaseOut(BaseModel):
    """A knowledge base with what its documents add up to."""

    id: UUID
    name: str
    document_count: int
    passage_count: int = Field(description="Pieces that can be found.")
    chars: int = Field(description="Characters of all of them.")
    embedding_model: str | None = Field(description="By which they are also found by meaning.")
    vector_count: int = Field(description="Pieces that have a vector by it so far.")
    created_at: Moment


class SearchIn(BaseModel):
    """What a caller might ask."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, max_length=MAX_QUESTION_CHARS)
    earlier: list[Annotated[str, Field(max_length=MAX_QUESTION_CHARS)]] = Field(
        default_factory=list,
        max_length=10,
        description="What the same caller asked before, oldest first.",
    )
    limit: int = Field(5, ge=1, le=20)


class FoundOut(BaseModel):
    """A passage that would be given to the model."""

    document: str
    heading: str = Field(description="The path of headings above it.")
    text: str
    page: int | None
    row: int | None
    record: dict[str, str] | None = Field(description="A row's cells by their columns.")
    score: float = Field(description="Comparable only within this answer.")
    why: list[str] = Field(description="The words, as stems, that led to it.")
    similarity: float | None = Field(
        description="How like the question its meaning is, from -1 to 1; null: found by words alone."
    )


class SearchOut(BaseModel):
    """What would be found, best first, and how long that took."""

    found: list[FoundOut]
    took_ms: float
    partly_missed: str | None = Field(
        description="Why meaning was not looked at: `meaning_not_in_time`, `meaning_not_reached`."
    )


@router.post(
    "/v1/knowledge-bases",
    status_code=status.HTTP_201_CREATED,
    operation_id="create_knowledge_base",
    responses=refusals(
        *SIGNED,
        *WITH_BODY,
        Kind.NOT_FOUND,
        Kind.CONFLICT,
        Kind.IDEMPOTENCY_MISMATCH,
        Kind.MODEL_NOT_AVAILABLE,
    ),
)
async def create_knowledge_base(
    house: CurrentHouse,
    db: TenantTransaction,
    principal: CurrentPrincipal,
    response: Response,
    body: KnowledgeBaseIn,
    idempotency_key: IdempotencyKey = None,
) -> KnowledgeBaseOut:
    """An empty one; documents come by the routes below it."""
    claim = claim_of(idempotency_key, "POST /v1/knowledge-bases", body.model_dump())
    if claim.key is not None:
        replay = await idempotency.claim_key(db, claim.key, claim.body_hash)
        if replay is not None:
            response.headers["Idempotent-Replayed"] = "true"
            return _show(await knowledge.get_base(db, replay.resource_id))
    if "embedding_model" not in body.model_fields_set:
        model_id = await embedding.usual_model(db, house.vault)
    else:
        model_id = body.embedding_model
    if model_id is not None:
        await embedding.check_model(db, house.vault, model_id)
    made = await knowledge.create_base(db, actor_of(principal), body.name, model_id)
    if claim.key is not None:
        await idempotency.remember(db, claim.key, made.id)
    return _show(made)


@router.get(
    "/v1/knowledge-bases",
    operation_id="list_knowledge_bases",
    responses=refusals(*SIGNED, Kind.INVALID_VALUE),
)
async def list_knowledge_bases(
    db: TenantTransaction,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> list[KnowledgeBaseOut]:
    """Newest first; the header `X-Total-Count` says how many there are."""
    page, total = await knowledge.list_bases(db, limit, min(offset, MAX_OFFSET))
    response.headers["X-Total-Count"] = str(total)
    return [_show(base) for base in page]


@router.get(
    "/v1/knowledge-bases/{knowledge_base_id}",
    operation_id="get_knowledge_base",
    responses=refusals(*READ_KINDS),
)
async def get_knowledge_base(db: TenantTransaction, knowledge_base_id: UUID) -> KnowledgeBaseOut:
    """One knowledge base."""
    return _show(await knowledge.get_base(db, knowledge_base_id))


@router.patch(
    "/v1/knowledge-bases/{knowledge_base_id}",
    operation_id="change_knowledge_base",
    responses=refusals(*SIGNED, *WITH_BODY, Kind.NOT_FOUND, Kind.MODEL_NOT_AVAILABLE),
)
async def change_knowledge_base(
    house: CurrentHouse,
    db: TenantTransaction,
    principal: CurrentPrincipal,
    knowledge_base_id: UUID,
    body: KnowledgeBasePatch,
) -> KnowledgeBaseOut:
    """Its name, or the model by which its passages are also found by meaning."""
    actor, base = actor_of(principal), await knowledge.get_base(db, knowledge_base_id)
    if body.name is not None:
        await knowledge.rename_base(db, actor, base.id, body.name)
    model_id = body.embedding_model
    if "embedding_model" in body.model_fields_set and model_id != base.embedding_model:
        if model_id is not None:
            await embedding.check_model(db, house.vault, model_id)
        await embedding.set_model(db, actor, base.id, model_id)
    return _show(await knowledge.get_base(db, base.id))


@router.delete(
    "/v1/knowledge-bases/{knowledge_base_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="delete_knowledge_base",
    responses=refusals(*READ_KINDS),
)
async def delete_knowledge_base(
    db: TenantTransaction, principal: CurrentPrincipal, knowledge_base_id: UUID
) -> None:
    """With its documents; bots that name it find nothing in it from now on."""
    await knowledge.delete_base(db, actor_of(principal), knowledge_base_id)


@router.post(
    "/v1/knowledge-bases/{knowledge_base_id}/search",
    operation_id="search_knowledge_base",
    responses=refusals(*SIGNED, *WITH_BODY, Kind.NOT_FOUND),
)
async def search_knowledge_base(
    house: CurrentHouse, principal: CurrentPrincipal, knowledge_base_id: UUID, body: SearchIn
) -> SearchOut:
    """What a call would be given for this question, and why. Nothing is kept of it."""
    answer = await house.searcher.search(
        principal.tenant_id, knowledge_base_id, body.question, body.earlier, body.limit
    )
    return SearchOut(
        found=[_show_found(one) for one in answer.found],
        took_ms=round(answer.took_ms, 2),
        partly_missed=answer.partly_missed,
    )


def _show(base: KnowledgeBase) -> KnowledgeBaseOut:
    return KnowledgeBaseOut(
        id=base.id,
        name=base.name,
        document_count=base.document_count,
        passage_count=base.passage_count,
        chars=base.chars,
        embedding_model=base.embedding_model,
        vector_count=base.vector_count,
        created_at=base.created_at,
    )


def _show_found(found: Found) -> FoundOut:
    passage = found.passage
    return FoundOut(
        document=passage.document,
        heading=passage.heading,
        text=passage.text,
        page=passage.page,
        row=passage.row,
        record=dict(passage.record) if passage.record is not None else None,
        score=round(found.score, 4),
        why=list(found.why),
        similarity=None if found.similarity is None else round(found.similarity, 4),
    )
