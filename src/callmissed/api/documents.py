"""`/v1/knowledge-bases/{id}/documents`: given as text, as a URL or as a file, and read in the
background.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Self
from uuid import UUID

from fastapi import Query, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field, model_validator

from callmissed.api.idempotency import IdempotencyKey, KeyClaim, claim_of
from callmissed.api.knowledge import MAX_OFFSET, READ_KINDS, Name
from callmissed.api.routes import (
    SIGNED,
    WITH_BODY,
    CurrentHouse,
    CurrentPrincipal,
    TenantTransaction,
    guarded_router,
    refusals,
)
from callmissed.api.session_forms import MAX_URL_CHARS, Moment
from callmissed.api.uploads import UPLOAD_FORM, Upload, in_parts, open_upload
from callmissed.domain.audit import Actor, actor_of
from callmissed.domain.errors import Kind
from callmissed.domain.knowledge import (
    MAX_FILE_BYTES,
    MAX_TEXT_CHARS,
    Document,
    DocumentState,
    Origin,
)
from callmissed.services import documents, idempotency
from callmissed.services.documents import Given
from callmissed.services.outbound import check_url

router = guarded_router("knowledge")

GIVE_KINDS = (*SIGNED, *WITH_BODY, Kind.NOT_FOUND, Kind.CONFLICT, Kind.IDEMPOTENCY_MISMATCH)
PLACE = "/v1/knowledge-bases/{knowledge_base_id}/documents"
UPLOADS = "/v1/knowledge-bases/{knowledge_base_id}/uploads"


class DocumentIn(BaseModel):
    """Either `text` or `url`."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(description="The same name again makes a new version of the document.")
    text: str | None = Field(
        None, min_length=1, max_length=MAX_TEXT_CHARS, description="Markdown, or plain text."
    )
    url: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_URL_CHARS,
        description="Fetched once now, and again with `retry`; on the public internet.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.text is None) == (self.url is None):
            raise ValueError("give either text or url")
        return self


class DocumentOut(BaseModel):
    """A document. Its newest version has this `state`; `published_version` is the one that is found."""

    id: UUID
    knowledge_base_id: UUID
    name: str
    media_type: str
    origin: Origin
    url: str | None
    state: DocumentState
    progress_percent: int
    error: str | None = Field(description="Why the newest version could not be read.")
    version: int
    published_version: int | None
    size_bytes: int
    passage_count: int
    chars: int
    vector_count: int = Field(description="Pieces that are also found by their meaning so far.")
    embedding_error: str | None = Field(description="Why not all of them are.")
    created_at: Moment
    updated_at: Moment


@router.post(
    PLACE,
    status_code=status.HTTP_202_ACCEPTED,
    operation_id="give_document",
    responses=refusals(*GIVE_KINDS),
)
async def give_document(
    house: CurrentHouse,
    db: TenantTransaction,
    principal: CurrentPrincipal,
    response: Response,
    knowledge_base_id: UUID,
    body: DocumentIn,
    idempotency_key: IdempotencyKey = None,
) -> DocumentOut:
    """Text, or what is at a URL; `GET` says when it has been read."""
    if body.url is not None:
        await check_url(body.url, house.settings.outbound_allow, house.resolver, param="url")
    upload = Upload.of_text(body.name, body.text or "", body.url)
    claim = claim_of(idempotency_key, _route(knowledge_base_id), body.model_dump())
    return await _give_once(db, actor_of(principal), response, knowledge_base_id, upload, claim)


@router.post(
    UPLOADS,
    status_code=status.HTTP_202_ACCEPTED,
    operation_id="upload_document",
    responses=refusals(*GIVE_KINDS),
    openapi_extra=UPLOAD_FORM,
)
async def upload_document(
    db: TenantTransaction,
    principal: CurrentPrincipal,
    request: Request,
    response: Response,
    knowledge_base_id: UUID,
    idempotency_key: IdempotencyKey = None,
) -> DocumentOut:
    """A file of up to 25 MB; what kind it is, its bytes say. The same name again makes a new
    version.
    """
    async with open_upload(request, MAX_FILE_BYTES) as upload:
        sent = {"name": upload.name, "sha256": upload.sha256.hex()}
        claim = claim_of(idempotency_key, f"{_route(knowledge_base_id)}/upload", sent)
        return await _give_once(db, actor_of(principal), response, knowledge_base_id, upload, claim)


@router.get(PLACE, operation_id="list_documents", responses=refusals(*READ_KINDS))
async def list_documents(
    db: TenantTransaction,
    response: Response,
    knowledge_base_id: UUID,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> list[DocumentOut]:
    """Newest first; the header `X-Total-Count` says how many there are."""
    offset = min(offset, MAX_OFFSET)
    page, total = await documents.list_documents(db, knowledge_base_id, limit, offset)
    response.headers["X-Total-Count"] = str(total)
    return [_show(document) for document in page]


@router.get(
    f"{PLACE}/{{document_id}}", operation_id="get_document", responses=refusals(*READ_KINDS)
)
async def get_document(
    db: TenantTransaction, knowledge_base_id: UUID, document_id: UUID
) -> DocumentOut:
    """How far it is read, or why it could not be."""
    return _show(await documents.get_document(db, knowledge_base_id, document_id))


@router.post(
    f"{PLACE}/{{document_id}}/retry",
    status_code=status.HTTP_202_ACCEPTED,
    operation_id="retry_document",
    responses=refusals(*READ_KINDS, Kind.CONFLICT),
)
async def retry_document(
    db: TenantTransaction,
    principal: CurrentPrincipal,
    knowledge_base_id: UUID,
    document_id: UUID,
) -> DocumentOut:
    """Reads it once more; what came from a URL is fetched anew."""
    actor = actor_of(principal)
    return _show(await documents.read_again(db, actor, knowledge_base_id, document_id))


@router.delete(
    f"{PLACE}/{{document_id}}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="delete_document",
    responses=refusals(*READ_KINDS),
)
async def delete_document(
    db: TenantTransaction,
    principal: CurrentPrincipal,
    knowledge_base_id: UUID,
    document_id: UUID,
) -> None:
    """With its bytes and everything that was found in it; a call that goes on finds it no more."""
    await documents.delete_document(db, actor_of(principal), knowledge_base_id, document_id)


def _route(base_id: UUID) -> str:
    return f"POST /v1/knowledge-bases/{base_id}/documents"


async def _give_once(
    db: TenantTransaction,
    actor: Actor,
    response: Response,
    base_id: UUID,
    upload: Upload,
    claim: KeyClaim,
) -> DocumentOut:
    if claim.key is not None:
        replay = await idempotency.claim_key(db, claim.key, claim.body_hash)
        if replay is not None:
            response.headers["Idempotent-Replayed"] = "true"
            return _show(await documents.get_document(db, base_id, replay.resource_id))
    given = Given(
        name=upload.name,
        media_type=upload.media_type,
        origin=upload.origin,
        sha256=upload.sha256,
        size_bytes=upload.size_bytes,
        url=upload.url,
    )
    parts: AsyncIterator[bytes] = in_parts(upload)
    document = await documents.give_document(db, actor, base_id, given, parts)
    if claim.key is not None:
        await idempotency.remember(db, claim.key, document.id)
    return _show(document)


def _show(document: Document) -> DocumentOut:
    return DocumentOut(
        id=document.id,
        knowledge_base_id=document.knowledge_base_id,
        name=document.name,
        media_type=document.media_type,
        origin=document.origin,
        url=document.url,
        state=document.state,
        progress_percent=document.progress_percent,
        error=document.error,
        version=document.version,
        published_version=document.published_version,
        size_bytes=document.size_bytes,
        passage_count=document.passage_count,
        chars=document.chars,
        vector_count=document.vector_count,
        embedding_error=document.embedding_error,
        created_at=document.created_at,
        updated_at=document.updated_at,
    )
