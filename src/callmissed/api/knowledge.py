"""`/v1/knowledge-bases`: what agents may answer from, and what would be found in it."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status
from pydantic import BaseModel, ConfigDict, Field

from callmissed.api.idempotency import IdempotencyKey, claim_of
from callmissed.api.routes import (
    SIGNED,
    WITH_BODY,
    CurrentPrincipal,
    TenantTransaction,
    guarded_router,
    refusals,
)
from callmissed.api.session_forms import Moment
from callmissed.domain.audit import actor_of
from callmissed.domain.errors import Kind
from callmissed.domain.knowledge import Found, KnowledgeBase
from callmissed.services import idempotency, knowledge, retrieval

MAX_OFFSET = 2**53
MAX_NAME_CHARS = 200
MAX_QUESTION_CHARS = 2000
READ_KINDS = (*SIGNED, Kind.INVALID_VALUE, Kind.NOT_FOUND)

router = guarded_router("knowledge")

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS, pattern=r"\S")]


class KnowledgeBaseIn(BaseModel):
    """A knowledge base as it is made or renamed."""

    model_config = ConfigDict(extra="forbid")

    name: Name


class KnowledgeBaseOut(BaseModel):
    """A knowledge base with what its documents add up to."""

    id: UUID
    name: str
    document_count: int
    passage_count: int = Field(description="Pieces that can be found.")
    chars: int = Field(description="Characters of all of them.")
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


class SearchOut(BaseModel):
    """What would be found, best first, and how long that took."""

    found: list[FoundOut]
    took_ms: float


@router.post(
    "/v1/knowledge-bases",
    status_code=status.HTTP_201_CREATED,
    operation_id="create_knowledge_base",
    responses=refusals(
        *SIGNED, *WITH_BODY, Kind.NOT_FOUND, Kind.CONFLICT, Kind.IDEMPOTENCY_MISMATCH
    ),
)
async def create_knowledge_base(
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
    made = await knowledge.create_base(db, actor_of(principal), body.name)
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
    operation_id="rename_knowledge_base",
    responses=refusals(*SIGNED, *WITH_BODY, Kind.NOT_FOUND),
)
async def rename_knowledge_base(
    db: TenantTransaction,
    principal: CurrentPrincipal,
    knowledge_base_id: UUID,
    body: KnowledgeBaseIn,
) -> KnowledgeBaseOut:
    """Only its name changes."""
    actor = actor_of(principal)
    return _show(await knowledge.rename_base(db, actor, knowledge_base_id, body.name))


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
    db: TenantTransaction, knowledge_base_id: UUID, body: SearchIn
) -> SearchOut:
    """What a call would be given for this question, and why. Nothing is kept of it."""
    await knowledge.get_base(db, knowledge_base_id)
    answer = await retrieval.search(
        db, [knowledge_base_id], body.question, body.earlier, body.limit
    )
    return SearchOut(
        found=[_show_found(one) for one in answer.found], took_ms=round(answer.took_ms, 2)
    )


def _show(base: KnowledgeBase) -> KnowledgeBaseOut:
    return KnowledgeBaseOut(
        id=base.id,
        name=base.name,
        document_count=base.document_count,
        passage_count=base.passage_count,
        chars=base.chars,
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
    )
