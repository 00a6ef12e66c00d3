"""`/v1/data-deletions`: a session's data, or all that is kept under a caller's number, for good."""

from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import Query, Response, status
from pydantic import BaseModel, ConfigDict, Field, model_validator

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
from callmissed.domain.audit import Actor, actor_of
from callmissed.domain.deletions import Deletion, DeletionKind
from callmissed.domain.errors import Kind
from callmissed.kit.tokens import keyed_hash
from callmissed.services import deletions, idempotency

MAX_OFFSET = 2**53
MAX_NUMBER_CHARS = 40

router = guarded_router("data deletions")


class DataDeletionIn(BaseModel):
    """Exactly one of the two."""

    model_config = ConfigDict(extra="forbid")

    session_id: UUID | None = None
    phone_number: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_NUMBER_CHARS,
        description="With its country code, as +919876543210. Sessions that hold it as a value of "
        "their metadata or variables, however it is written there, are deleted.",
    )

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.session_id is None) == (self.phone_number is None):
            raise ValueError("give either session_id or phone_number")
        return self


class DataDeletionOut(BaseModel):
    """What it deletes is not repeated: when it has finished nobody can read it here."""

    id: UUID
    kind: DeletionKind
    status: Literal["running", "finished"]
    counts: dict[str, int] = Field(description="Rows that are gone, by what they were.")
    created_at: Moment
    finished_at: Moment | None


@router.post(
    "/v1/data-deletions",
    status_code=status.HTTP_202_ACCEPTED,
    operation_id="create_data_deletion",
    responses=refusals(*SIGNED, *WITH_BODY, Kind.NOT_FOUND, Kind.IDEMPOTENCY_MISMATCH),
)
async def create_data_deletion(
    house: CurrentHouse,
    db: TenantTransaction,
    principal: CurrentPrincipal,
    response: Response,
    body: DataDeletionIn,
    idempotency_key: IdempotencyKey = None,
) -> DataDeletionOut:
    """Starts it; `GET` says when it has finished. Asked again it deletes what has come since."""
    # A plain hash of a telephone number gives the number away.
    hashed = keyed_hash(house.keyring.api_keys, body.model_dump_json(exclude_none=True)).hex()
    claim = claim_of(idempotency_key, "POST /v1/data-deletions", {"body": hashed})
    if claim.key is not None:
        replay = await idempotency.claim_key(db, claim.key, claim.body_hash)
        if replay is not None:
            response.headers["Idempotent-Replayed"] = "true"
            return show_deletion(await deletions.get_deletion(db, replay.resource_id))
    asked = await _ask(house, db, actor_of(principal), body)
    if claim.key is not None:
        await idempotency.remember(db, claim.key, asked.id)
    return show_deletion(asked)


async def _ask(
    house: CurrentHouse, db: TenantTransaction, actor: Actor, body: DataDeletionIn
) -> Deletion:
    if body.session_id is not None:
        return await deletions.delete_session_data(db, house.keyring, actor, body.session_id)
    return await deletions.delete_number_data(db, house.keyring, actor, body.phone_number or "")


@router.get(
    "/v1/data-deletions",
    operation_id="list_data_deletions",
    responses=refusals(*SIGNED, Kind.INVALID_VALUE),
)
async def list_data_deletions(
    db: TenantTransaction,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> list[DataDeletionOut]:
    """Newest first; the header `X-Total-Count` says how many there are."""
    page, total = await deletions.list_deletions(db, limit, min(offset, MAX_OFFSET))
    response.headers["X-Total-Count"] = str(total)
    return [show_deletion(deletion) for deletion in page]


@router.get(
    "/v1/data-deletions/{deletion_id}",
    operation_id="get_data_deletion",
    responses=refusals(*SIGNED, Kind.INVALID_VALUE, Kind.NOT_FOUND),
)
async def get_data_deletion(db: TenantTransaction, deletion_id: UUID) -> DataDeletionOut:
    """How far it is."""
    return show_deletion(await deletions.get_deletion(db, deletion_id))


def show_deletion(deletion: Deletion) -> DataDeletionOut:
    return DataDeletionOut(
        id=deletion.id,
        kind=deletion.kind,
        status="finished" if deletion.finished_at else "running",
        counts=dict(deletion.counts),
        created_at=deletion.created_at,
        finished_at=deletion.finished_at,
    )
