"""Who is asking: a person of a tenant or a key of a tenant, and what they may do."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    ATTENDANT = "attendant"


@dataclass(frozen=True, slots=True)
class Principal:
    """Exactly one of `person_id` (with a role) and `key_id` (with permissions) is set."""

    tenant_id: UUID
    person_id: UUID | None
    role: Role | None
    key_id: UUID | None
    permissions: frozenset[str]
