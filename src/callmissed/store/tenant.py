"""The tenant's door: one transaction that sees and writes the rows of one tenant only."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class TenantDb:
    """An open transaction as role `callmissed_app`, narrowed to `tenant_id` by row security."""

    connection: AsyncConnection
    tenant_id: UUID
