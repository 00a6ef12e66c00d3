"""A tenant: a business with its own people, keys and calls, which sees nothing of the others."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from callmissed.domain.errors import Kind, Refusal

LONGEST_RETENTION_DAYS = 3650
MAX_NAME_CHARS = 200


class Plan(StrEnum):
    FREE = "free"
    STARTER = "starter"
    PRO = "pro"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Tenant:
    """Ended sessions are deleted `retention_days` after their end; None keeps them."""

    id: UUID
    name: str
    plan: Plan
    retention_days: int | None
    suspended_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TenantChange:
    """`name` of None leaves it; `retention_days` counts where `sets_retention`."""

    name: str | None = None
    retention_days: int | None = None
    sets_retention: bool = False


def suspended() -> Refusal:
    return Refusal(
        Kind.PERMISSION_DENIED,
        "This tenant is suspended.",
        "Its data is kept. Ask whoever hosts this installation to resume it.",
    )
