"""`/v1/audit-log`: who changed people, keys, settings and the tenant itself."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, Field

from callmissed.api.routes import SIGNED, TenantTransaction, guarded_router, refusals
from callmissed.api.session_forms import Moment
from callmissed.domain.audit import ActorKind, AuditEntry
from callmissed.domain.errors import Kind
from callmissed.services.audit import list_entries

MAX_OFFSET = 2**53

router = guarded_router("audit log")


class ActorOut(BaseModel):
    kind: ActorKind = Field(description="`system` is a job, or whoever has the command line.")
    id: UUID | None = Field(description="Of the person or the key; null for `system`.")


class AuditEntryOut(BaseModel):
    """One change. Entries are never changed; they go with their tenant only."""

    id: int
    actor: ActorOut
    action: str = Field(description="`noun.verb`, as `api_key.revoked`.")
    target: str = Field(description="The id of what was changed.")
    details: dict[str, str]
    request_id: str | None
    address: str | None = Field(description="From where the request came.")
    created_at: Moment


@router.get(
    "/v1/audit-log", operation_id="list_audit_log", responses=refusals(*SIGNED, Kind.INVALID_VALUE)
)
async def list_audit_log(
    db: TenantTransaction,
    response: Response,
    action: Annotated[str | None, Query(max_length=100)] = None,
    actor: Annotated[UUID | None, Query(description="Id of a person or key.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> list[AuditEntryOut]:
    """Newest first; the header `X-Total-Count` says how many there are."""
    page, total = await list_entries(db, action, actor, limit, min(offset, MAX_OFFSET))
    response.headers["X-Total-Count"] = str(total)
    return [_show(entry) for entry in page]


def _show(entry: AuditEntry) -> AuditEntryOut:
    return AuditEntryOut(
        id=entry.id,
        actor=ActorOut(kind=entry.actor.kind, id=entry.actor.id),
        action=entry.action,
        target=entry.target,
        details=dict(entry.details),
        request_id=entry.request_id,
        address=entry.address,
        created_at=entry.created_at,
    )
