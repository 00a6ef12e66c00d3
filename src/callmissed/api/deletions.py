"""`/v1/data-deletions`: a session's data, or all that is kept under a caller's number, for good."""

from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import Query, Response, status
from pydantic import BaseModel, ConfigDict, Field, model_validator

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
from callmissed.domain.deletions import Deletion, DeletionKind
from callmissed.domain.errors import Kind
from callmissed.services import deletions

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
    responses=refusals(*SIGNED, *WITH_BODY, Kind.NOT_FOUND),
)
async def create_data_deletion(
    house: CurrentHouse, db: TenantTransaction, principal: CurrentPrincipal, body: DataDeletionIn
) -> DataDeletionOut:
    """Starts it; `GET` says when it has finished. The same again deletes what has come since."""
    actor, keyring = actor_of(principal), house.keyring
    if body.session_id is not None:
        asked = await deletions.delete_session_data(db, keyring, actor, body.session_id)
    else:
        asked = await deletions.delete_number_data(db, keyring, actor, body.phone_number or "")
    return show_deletion(asked)


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
