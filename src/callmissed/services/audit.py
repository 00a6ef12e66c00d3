"""The audit log: every change of people, keys, tenants and settings, in the transaction of the
change.
"""

from collections.abc import Mapping
from uuid import UUID

from callmissed.domain.audit import Actor, AuditEntry
from callmissed.kit.origin import current_origin
from callmissed.store import audit
from callmissed.store.rows import OpenDb
from callmissed.store.tenant import TenantDb

NO_DETAILS: Mapping[str, str] = {}


async def record(
    db: OpenDb,
    tenant_id: UUID,
    actor: Actor,
    action: str,
    target: str,
    details: Mapping[str, str] = NO_DETAILS,
) -> None:
    """Kept when this transaction commits, with the request id and address of the request under way.

    `action` is `noun.verb` in the past (`api_key.revoked`), `target` the id of what was changed;
    `details` hold names, never secrets or what callers said.
    """
    origin = current_origin()
    await audit.add(
        db, tenant_id, actor, action, target, details, origin.request_id, origin.address
    )


async def list_entries(
    db: TenantDb, action: str | None, actor_id: UUID | None, limit: int, offset: int
) -> tuple[list[AuditEntry], int]:
    """Newest first, with how many there are in all."""
    page = await audit.list_page(db, action, actor_id, limit, offset)
    return page, await audit.count(db, action, actor_id)
