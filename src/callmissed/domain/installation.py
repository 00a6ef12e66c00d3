"""The first start of an installation: what it was asked for and what it left behind."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class InitRequest:
    """The `CALLMISSED_INIT_*` settings. Without an `api_key` one is minted."""

    tenant_name: str
    bot_name: str
    owner_email: str | None = None
    owner_password: str | None = None
    api_key: str | None = None


@dataclass(frozen=True, slots=True)
class FirstStart:
    """The tenant and its oldest bot. `api_key` is set only by the start that minted it,
    `owner_link_secret` until it is used.
    """

    tenant_id: UUID
    bot_id: UUID | None
    api_key: str | None
    owner_link_secret: str | None
