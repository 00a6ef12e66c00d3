"""Keys with providers: the installation's own and those that tenants bring."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from callmissed.domain.errors import invalid
from callmissed.domain.models import Provider, Service

MIN_KEY_CHARS, MAX_KEY_CHARS = 8, 2000
SHOWN_CHARS = 4

# What can stand in an HTTP header as it is.
_KEY = re.compile(r"[\x21-\x7e]+")


class KeySource(StrEnum):
    """Whose key serves a tenant's calls."""

    TENANT = "tenant"
    PLATFORM = "platform"
    NONE = "none"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One tenant's key with one provider, sealed. `base_url` is None for the catalogue's.

    `verdict` is what the provider said when the key was last tried, at `verified_at`; a changed key
    has none.
    """

    provider: str
    sealed: bytes = field(repr=False)
    masked: str
    base_url: str | None
    verdict: str | None
    verified_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ProviderStanding:
    """A provider as one tenant sees it. `stored` is the tenant's own key, None without one."""

    provider: Provider
    services: tuple[Service, ...]
    source: KeySource
    stored: StoredKey | None


def check_key(key: str) -> str:
    """The key without spaces around it. Raises Refusal INVALID_VALUE for what cannot be one."""
    bare = key.strip()
    if not MIN_KEY_CHARS <= len(bare) <= MAX_KEY_CHARS:
        message = f"It is not of {MIN_KEY_CHARS} to {MAX_KEY_CHARS} characters."
        raise invalid("key", message, "Paste the key as the provider shows it.")
    if _KEY.fullmatch(bare) is None:
        message = "It is not of printable ASCII characters without spaces."
        raise invalid("key", message, "Paste the key as the provider shows it.")
    return bare


def mask_key(key: str) -> str:
    """`…abcd`, which tells a person which one it is; a short key shows nothing."""
    return f"…{key[-SHOWN_CHARS:]}" if len(key) >= 4 * SHOWN_CHARS else "…"
