"""Who is asking: a person of a tenant or a key of a tenant, and what they may do."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from callmissed.domain.api_keys import ApiKey


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    ATTENDANT = "attendant"


@dataclass(frozen=True, slots=True)
class Principal:
    """Exactly one of `person_id` (with a role) and `key_id` (with permissions) is set; `sign_in_id`
    is the browser that a person is signed in with. A publishable key is public: it stands in a page.
    `key` is the row of the key, with its terms.
    """

    tenant_id: UUID
    person_id: UUID | None
    role: Role | None
    key_id: UUID | None
    permissions: frozenset[str]
    sign_in_id: UUID | None = None
    is_publishable: bool = False
    key: ApiKey | None = None


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """A fresh pair of tokens; the access token lasts `expires_in_s`, the refresh token until it is
    used once.
    """

    access_jwt: str
    expires_in_s: int
    refresh_token: str
    refresh_expires_at: datetime
    principal: Principal
    tenant_name: str
